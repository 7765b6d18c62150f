import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { type ConsoleCost, measureConsole } from "./measure-console.ts";

interface Flags {
  readonly devices: string;
  readonly rate: string;
  readonly pages: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly json?: string;
}

const GOALS = { residentMiB: 150, consoleCores: 0.3, pageCores: 0.5, acknowledged: 1.1 };

export const consoleCommand = new Command("console")
  .description("What the console costs with many pages open, and whether devices notice.")
  .option("--devices <n>", "simulated devices", "5000")
  .option("--rate <n>", "readings a second, all devices together", "1000")
  .option("--pages <n>", "open pages: one in a browser, the streams of the others", "100")
  .option("--rounds <n>", "rounds, each without pages and with them", "3")
  .option("--seconds <n>", "measured seconds of each half of a round", "20")
  .option("--json <file>", "write every figure there")
  .action(async (flags: Flags) => {
    const { devices, rate, pages, rounds, seconds } = flags;
    const load = {
      ...{ devices: Number(devices), ratePerSecond: Number(rate), pages: Number(pages) },
      ...{ rounds: Number(rounds), seconds: Number(seconds) },
    };
    const cost = await measureConsole(load, (line) => void process.stderr.write(`${line}\n`));
    process.stdout.write(`\n${render(cost)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(cost, null, 2)}\n`);
  });

function render({
  load,
  residentMiB,
  consoleCores,
  pageCores,
  acknowledgedMs,
}: ConsoleCost): string {
  const { idle, open } = acknowledgedMs;
  const ratio = open.p99 / idle.p99;
  const goal = (is: boolean, text: string): string => `${is ? "met   " : "MISSED"} ${text}`;
  return [
    `${load.devices} devices, ${load.ratePerSecond} readings/s, ${load.pages} pages, ${load.rounds} rounds (without pages → with):`,
    `  console: ${residentMiB.idle.toFixed(0)} → ${residentMiB.open.toFixed(0)} MiB, ${consoleCores.idle.toFixed(2)} → ${consoleCores.open.toFixed(2)} of a core`,
    `  a page in Chromium: ${pageCores.toFixed(2)} of a core`,
    `  acknowledgement: p50 ${idle.p50.toFixed(1)} → ${open.p50.toFixed(1)} ms, p99 ${idle.p99.toFixed(1)} → ${open.p99.toFixed(1)} ms`,
    "",
    goal(residentMiB.open < GOALS.residentMiB, `console under ${GOALS.residentMiB} MiB`),
    goal(consoleCores.open < GOALS.consoleCores, `console under ${GOALS.consoleCores} of a core`),
    goal(pageCores < GOALS.pageCores, `a page under ${GOALS.pageCores} of a core`),
    goal(
      ratio <= GOALS.acknowledged,
      `acknowledgement p99 at most ${GOALS.acknowledged} times that without pages (${ratio.toFixed(2)})`,
    ),
  ].join("\n");
}
