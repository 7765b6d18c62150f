import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { benchVersions, machine } from "../processes.ts";
import { measureAlerts } from "./measure-alerts.ts";
import { measureCut } from "./measure-cut.ts";
import { type BacklogSize, measureDrain } from "./measure-drain.ts";
import { measurePath } from "./measure-path.ts";
import { measureWan } from "./measure-wan.ts";
import { renderDrain, summarizeDrain } from "./report.ts";
import { LINKS, type Links } from "../links.ts";
import { STORES, type Store } from "./site.ts";

const PARTS = ["drain", "wan", "cut", "alerts", "path"] as const;
type Part = (typeof PARTS)[number];

interface Flags {
  readonly quick?: boolean;
  readonly json?: string;
  readonly only?: Part;
  readonly profile?: string;
  readonly rounds?: number;
  readonly perFrame: number;
  readonly devices: number;
  readonly readings?: number;
  readonly partitions: readonly number[];
  readonly aggregators: readonly number[];
  readonly store: readonly Store[];
  readonly links: readonly Links[];
}

/** What a gateway makes of 10,000 readings a second: see test/bench/README.md. */
const PER_FRAME = 8;
const DEVICES = 1_000;

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("must be a whole number from 1 on");
  return value;
};
const wholes = (text: string): number[] => text.split(",").map(whole);
const someOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T[] =>
    text.split(",").map((name) => {
      const found = known.find((one) => one === name);
      if (!found) throw new InvalidArgumentError(`must be some of ${known.join(",")}`);
      return found;
    });

function planOf(flags: Flags) {
  const quick = flags.quick === true;
  const sizeOf = (contract: string, readings: number): BacklogSize => {
    return { contract, readings, devices: flags.devices, perFrame: flags.perFrame, partitions: 1 };
  };
  const sizes =
    flags.readings !== undefined
      ? [sizeOf("bench", flags.readings)]
      : quick
        ? [sizeOf("bench", 400_000)]
        : [sizeOf("bench", 2_000_000), sizeOf("bench_quantiles", 500_000)];
  const one = sizes.flatMap((size) =>
    flags.store.flatMap((store) =>
      flags.partitions.flatMap((partitions) =>
        flags.aggregators.flatMap((aggregators) =>
          flags.links.map((links) => ({ ...size, partitions, aggregators, store, links })),
        ),
      ),
    ),
  );
  const rounds = flags.rounds ?? 1;
  return {
    // Alternating, so that a machine that slows down slows all of them.
    drains: Array.from({ length: rounds }, () => one).flat(),
    wan: { rates: [100, 1_000, 10_000], seconds: quick ? 6 : 10 },
    // Long enough for both ends to give the connection up and dial again.
    cutSeconds: quick ? 0 : 20,
    alerts: quick ? null : { size: sizeOf("bench", 3_000_000), seconds: 15 },
  };
}

export const drainCommand = new Command("drain")
  .description("One aggregator on a backlog; WAN bytes beside a Mosquitto bridge; a cut; alerts.")
  .option("--quick", "a smaller backlog, no cut and no alerts: under 50 s")
  .option("--json <file>", "write every figure there")
  .addOption(new Option("--only <part>", "one part").choices(PARTS))
  .option("--rounds <n>", "drains, one after another; medians are told", whole)
  .option("--per-frame <n>", "readings of a frame", whole, PER_FRAME)
  .option("--devices <n>", "that take turns", whole, DEVICES)
  .option("--readings <n>", "of the backlog, contract bench", whole)
  .option("--partitions <counts>", "lanes of the region, for example 1,4", wholes, [1])
  .option("--aggregators <counts>", "that share the lanes, for example 1,2,4", wholes, [1])
  .option("--store <names>", `some of ${STORES.join(",")}`, someOf(STORES), [...STORES])
  .option("--links <names>", `some of ${LINKS.join(",")}: of NATS, and InfluxDB's`, someOf(LINKS), [
    "clear",
  ])
  .option("--profile <directory>", "write a CPU profile of the aggregator there")
  .action(async (flags: Flags) => {
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const plan = planOf(flags);
    const wanted = (part: Part): boolean => flags.only === undefined || flags.only === part;
    const { mosquitto } = ensureBenchPrograms(say);
    const host = machine();
    const drains = [];
    for (const drain of wanted("drain") ? plan.drains : []) {
      const { readings, contract, store, partitions, aggregators, links } = drain;
      const measured = await measureDrain(drain, flags.profile && resolve(flags.profile));
      const rate = Math.round(measured.readingsPerSecond);
      const by = `${aggregators} × aggregator, ${partitions} lanes, store ${store}, ${links}`;
      say(`drain of ${readings} readings, contract ${contract}, ${by}: ${rate}/s`);
      drains.push(measured);
    }
    if (wanted("wan")) say("bytes over the WAN");
    const wan = wanted("wan") ? await measureWan({ ...plan.wan, mosquitto }) : null;
    const withCut = wanted("cut") && plan.cutSeconds > 0;
    if (withCut) say("a WAN cut");
    const cut = withCut ? await measureCut(10_000, plan.cutSeconds) : null;
    const alertsPlan = wanted("alerts") ? plan.alerts : null;
    if (alertsPlan) say("alerts beside a drain");
    const alerts = alertsPlan ? await measureAlerts(alertsPlan.size, alertsPlan.seconds) : null;
    if (wanted("path")) say("from devices to the store");
    const path = wanted("path") ? await measurePath(10_000, flags.quick ? 5 : 20) : null;
    const versions = benchVersions({ mosquitto });
    const report = summarizeDrain({ machine: host, versions, drains, wan, cut, alerts, path });
    process.stdout.write(`\n${renderDrain(report)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  });
