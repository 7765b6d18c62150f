import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { LINKS, type Links } from "../links.ts";
import { ensureProductPrograms } from "../prerequisites.ts";
import { benchVersions, machine } from "../processes.ts";
import { measureEvaluations, measureMemory } from "./in-process.ts";
import { type LatencyPlan, type MeasuredLatency, measureLatency } from "./measure-latency.ts";
import { type Recovery, measureRecovery } from "./measure-recovery.ts";
import { type Measured, renderAlerts, summarizeAlerts } from "./report.ts";
import { type AlertSiteOptions, startAlertSite } from "./site.ts";

const PARTS = ["latency", "cut", "recovery", "evaluations", "memory"] as const;
type Part = (typeof PARTS)[number];

const ruleCount = (raw: string): number => {
  const value = Number(raw);
  const isWhole = value === 1 || value === 10 || (value > 0 && value % 100 === 0);
  if (!isWhole) throw new InvalidArgumentError("must be 1, 10, 100, 200, …");
  return value;
};

const rates = (raw: string): number[] =>
  raw.split(",").map((part) => {
    const value = Number(part);
    if (!(value > 0)) throw new InvalidArgumentError("must be positive numbers, as 10000,50000");
    return value;
  });

interface Flags {
  readonly quick?: boolean;
  readonly json?: string;
  readonly only?: Part;
  readonly profile?: string;
  readonly over: string;
  readonly rules: number;
  readonly rates?: readonly number[];
  readonly links: Links;
}

interface Plan {
  readonly latencies: readonly LatencyPlan[];
  readonly kills: number;
  readonly evaluationSeconds: number;
  readonly memoryWindowSeconds: number;
}

/** Longer than the rules' windows: full ones are what costs. */
const WHOLE = { seconds: 30, warmupSeconds: 12 };

/** Both sets of rules at each of the rates, and nothing else. */
const planOfRates = (rates: readonly number[]): Plan => ({
  latencies: rates.flatMap((ratePerSecond) =>
    (["thresholds", "mixed"] as const).map((rules) => ({
      ...WHOLE,
      rules,
      ratePerSecond,
      isWanCut: false,
    })),
  ),
  kills: 0,
  evaluationSeconds: 0,
  memoryWindowSeconds: 0,
});

function planOf({ quick = false, only, rates }: Flags): Plan {
  if (rates) return planOfRates(rates);
  const wanted = (part: Part): boolean => only === undefined || only === part;
  const of = quick ? { seconds: 2.5, warmupSeconds: 1 } : WHOLE;
  const latency = (
    rules: AlertSiteOptions["rules"],
    ratePerSecond: number,
    isWanCut: boolean,
  ): LatencyPlan[] =>
    wanted(isWanCut ? "cut" : "latency") ? [{ ...of, rules, ratePerSecond, isWanCut }] : [];
  // What a second leaves uncompiled of three processes costs them a fifth of a second somewhere.
  const compiled = quick ? { warmupSeconds: 3.5 } : {};
  return {
    latencies: [
      ...latency("thresholds", 1_000, false),
      ...latency("thresholds", 10_000, false).map((plan) => ({ ...plan, ...compiled })),
      ...latency("thresholds", 10_000, true),
      ...(quick ? [] : latency("mixed", 1_000, false)),
      ...(quick ? [] : latency("mixed", 10_000, false)),
    ],
    kills: wanted("recovery") ? (quick ? 1 : 3) : 0,
    evaluationSeconds: wanted("evaluations") ? (quick ? 0.5 : 4) : 0,
    memoryWindowSeconds: wanted("memory") ? (quick ? 15 : 60) : 0,
  };
}

type Say = (line: string) => void;

/** What needs servers; they are started once for each set of rules. */
async function measureSite(
  { latencies: plans, kills }: Plan,
  of: AlertSiteOptions,
  say: Say,
): Promise<{ latencies: MeasuredLatency[]; recoveries: Recovery[] }> {
  const latencies: MeasuredLatency[] = [];
  const own = plans.filter(({ rules }) => rules === of.rules);
  if (own.length === 0 && kills === 0) return { latencies, recoveries: [] };
  await using stack = new AsyncDisposableStack();
  const site = await startAlertSite(stack, of);
  for (const plan of own) {
    const cut = plan.isWanCut ? ", the WAN cut" : "";
    say(`alerts at ${plan.ratePerSecond} readings/s, ${of.ruleCount} rules, ${plan.rules}${cut}`);
    latencies.push(await measureLatency(site, plan));
  }
  if (kills > 0) say(`${kills} kill(s) of gateway, engine and nats-server`);
  const recoveries = kills > 0 ? await measureRecovery(site, kills) : [];
  // A profile is written when the process ends by itself.
  if (of.profile) await site.engine.process.stop("SIGTERM");
  return { latencies, recoveries };
}

async function measure(flags: Flags, say: Say): Promise<Measured> {
  const plan = planOf(flags);
  const { evaluationSeconds, memoryWindowSeconds } = plan;
  const host = machine();
  if (evaluationSeconds > 0) say("evaluations per second");
  const evaluations = evaluationSeconds > 0 ? await measureEvaluations(evaluationSeconds) : null;
  if (memoryWindowSeconds > 0) say("memory of 10,000 devices");
  const memory = memoryWindowSeconds > 0 ? await measureMemory(memoryWindowSeconds) : null;
  const { over, profile, rules: ruleCount, links } = flags;
  const of = { over, ruleCount, links, profile: profile && resolve(profile) };
  const thresholds = await measureSite({ ...plan, kills: 0 }, { ...of, rules: "thresholds" }, say);
  const mixed = await measureSite(plan, { ...of, rules: "mixed" }, say);
  const loadAfter = loadavg()[0]!;
  return {
    over,
    ruleCount,
    machine: host,
    loadAfter,
    versions: benchVersions(),
    latencies: [...thresholds.latencies, ...mixed.latencies],
    recoveries: mixed.recoveries,
    evaluations,
    memory,
  };
}

export const alertsCommand = new Command("alerts")
  .description("Latency of local alerts, with the WAN cut and after kills; cost of rules.")
  .option("--quick", "everything shorter, smaller windows, one kill each: under 50 s")
  .option("--over <duration>", "the windows of the rules beside the load", "10s")
  .option("--rules <n>", "how many rules: 1, 10, or hundreds", ruleCount, 100)
  .option("--rates <list>", "latency alone, at these readings a second: 10000,50000", rates)
  .addOption(new Option("--links <name>", "of NATS").choices(LINKS).default("clear"))
  .option("--json <file>", "write every figure there")
  .addOption(new Option("--only <part>", "one part").choices(PARTS))
  .option("--profile <directory>", "write a CPU profile of the alerting engine there")
  .action(async (flags: Flags) => {
    const say: Say = (line) => void process.stderr.write(`${line}\n`);
    ensureProductPrograms(say);
    const report = summarizeAlerts(await measure(flags, say));
    process.stdout.write(`\n${renderAlerts(report)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  });
