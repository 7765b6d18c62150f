import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { benchVersions, machine } from "../processes.ts";
import { measureAlerts } from "./measure-alerts.ts";
import { measureCut } from "./measure-cut.ts";
import { type BacklogSize, measureDrain } from "./measure-drain.ts";
import { measureWan } from "./measure-wan.ts";
import { renderDrain, summarizeDrain } from "./report.ts";

const PARTS = ["drain", "wan", "cut", "alerts"] as const;
type Part = (typeof PARTS)[number];

interface Flags {
  readonly quick?: boolean;
  readonly json?: string;
  readonly only?: Part;
  readonly profile?: string;
}

/** What a gateway makes of 10,000 readings a second: see test/bench/README.md. */
const PER_FRAME = 20;
const DEVICES = 1_000;

const sizeOf = (contract: string, readings: number): BacklogSize => ({
  contract,
  readings,
  devices: DEVICES,
  perFrame: PER_FRAME,
});

function planOf(quick: boolean) {
  return {
    drains: quick
      ? [sizeOf("bench", 400_000)]
      : [sizeOf("bench", 3_000_000), sizeOf("bench_quantiles", 1_000_000)],
    wan: { rates: [100, 10_000], seconds: quick ? 6 : 10 },
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
  .option("--profile <directory>", "write a CPU profile of the aggregator there")
  .action(async (flags: Flags) => {
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const plan = planOf(flags.quick === true);
    const wanted = (part: Part): boolean => flags.only === undefined || flags.only === part;
    const { mosquitto } = ensureBenchPrograms(say);
    const host = machine();
    const drains = [];
    for (const size of wanted("drain") ? plan.drains : []) {
      say(`drain of ${size.readings} readings, contract ${size.contract}`);
      drains.push(await measureDrain(size, flags.profile && resolve(flags.profile)));
    }
    if (wanted("wan")) say("bytes over the WAN");
    const wan = wanted("wan") ? await measureWan({ ...plan.wan, mosquitto }) : [];
    const withCut = wanted("cut") && plan.cutSeconds > 0;
    if (withCut) say("a WAN cut");
    const cut = withCut ? await measureCut(10_000, plan.cutSeconds) : null;
    const alertsPlan = wanted("alerts") ? plan.alerts : null;
    if (alertsPlan) say("alerts beside a drain");
    const alerts = alertsPlan ? await measureAlerts(alertsPlan.size, alertsPlan.seconds) : null;
    const versions = benchVersions(mosquitto);
    const report = summarizeDrain({ machine: host, versions, drains, wan, cut, alerts });
    process.stdout.write(`\n${renderDrain(report)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  });
