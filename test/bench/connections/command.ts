import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import type { Goal } from "../ingest/report.ts";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { machine, openFilesMax, raiseOpenFiles } from "../processes.ts";
import { type ManyConnections, measureConnections } from "./measure.ts";

const COUNTS = [5_000, 20_000];
/** Files of a process beside its connections. */
const SPARE_FILES = 256;
const PLAN = { ratePerSecond: 10_000, warmupSeconds: 5, seconds: 10 };

const counts = (raw: string): number[] =>
  raw.split(",").map((text) => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < 1)
      throw new InvalidArgumentError("must be whole numbers");
    return count;
  });

const line = (of: ManyConnections): string =>
  `${of.connections.toLocaleString("en")} connections${of.gateways > 1 ? ` of ${of.gateways} gateways` : ""}: there after ${of.connectSeconds.toFixed(1)} s; ` +
  `each holds ${Math.round(of.heapBytes).toLocaleString("en")} bytes of heap, ${of.residentKiB.toFixed(1)} KiB resident; ` +
  `${of.ratePerSecond.toLocaleString("en")} readings/s over all of them: p50 ${of.ackMs.p50.toFixed(2)}, ` +
  `p99 ${of.ackMs.p99.toFixed(2)}, p99.9 ${of.ackMs.p999.toFixed(2)} ms at ${Math.round(of.perSecond).toLocaleString("en")}/s; lost ${of.lost}`;

function goalsOf({ connections, ...of }: ManyConnections): Goal[] {
  const goals: Goal[] = [];
  const most = (goal: string, value: number, bound: number): void =>
    void goals.push({ goal: `${connections}: ${goal}`, value, met: value <= bound });
  most("a connection holds at most 6 KiB of heap", of.heapBytes / 1024, 6);
  most("at most 20 KiB resident", of.residentKiB, 20);
  if (connections > 10_000) {
    most("all there within 60 s", of.connectSeconds, 60);
    most("acknowledgement p99 at most 10 ms at 10,000/s", of.ackMs.p99, 10);
  }
  return goals;
}

export const connectionsCommand = new Command("connections")
  .description("What thousands of connections hold, and how fast a load among them is answered.")
  .option("--counts <list>", "how many, one after another", counts, COUNTS)
  .option("--json <file>", "write every figure there")
  .action(async (flags: { counts: number[]; json?: string }) => {
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    ensureBenchPrograms((text) => void process.stderr.write(`${text}\n`));
    const host = machine();
    const measured: ManyConnections[] = [];
    for (const wanted of flags.counts) {
      const files = raiseOpenFiles(wanted + SPARE_FILES) ? Infinity : openFilesMax();
      const gateways = Math.max(1, Math.ceil(wanted / (files - SPARE_FILES)));
      if (gateways > 1)
        say(
          `${wanted} connections: ulimit -n allows a process ${files} open files, so ${gateways} gateways of one region share them`,
        );
      const one = await measureConnections(wanted, gateways, PLAN);
      measured.push(one);
      say(line(one));
    }
    const goals = measured.flatMap(goalsOf);
    for (const { goal, value, met } of goals)
      say(`${met ? "met   " : "MISSED"} ${goal} (${value.toFixed(2)})`);
    const report = { machine: host, measured, goals };
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  });
