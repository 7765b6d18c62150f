import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { type ConsoleCost, type Phases, measureConsole } from "./measure-console.ts";

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
  .option("--pages <n>", "open pages", "100")
  .option(
    "--rounds <n>",
    "rounds, each without pages, with them, and with one in a browser as well",
    "3",
  )
  .option("--seconds <n>", "measured seconds of each third of a round", "20")
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

function render({ load, pageCores, ...of }: ConsoleCost): string {
  const { residentMiB, consoleCores, acknowledgedMs } = of;
  const ratio = acknowledgedMs.open.p99 / acknowledgedMs.idle.p99;
  const goal = (is: boolean, text: string): string => `${is ? "met   " : "MISSED"} ${text}`;
  const row = <T>({ idle, open, browser }: Phases<T>, text: (value: T) => string): string =>
    [idle, open, browser].map(text).join(" → ");
  return [
    `${load.devices} devices, ${load.ratePerSecond} readings/s, ${load.rounds} rounds: no page → ${load.pages} pages → one more in a browser here:`,
    `  console: ${row(residentMiB, (mib) => mib.toFixed(0))} MiB, ${row(consoleCores, (cores) => cores.toFixed(2))} of a core`,
    `  a page in Chromium: ${pageCores.toFixed(2)} of a core`,
    `  acknowledgement: p50 ${row(acknowledgedMs, ({ p50 }) => p50.toFixed(1))} ms, p99 ${row(acknowledgedMs, ({ p99 }) => p99.toFixed(1))} ms`,
    "",
    goal(residentMiB.browser < GOALS.residentMiB, `console under ${GOALS.residentMiB} MiB`),
    goal(
      consoleCores.browser < GOALS.consoleCores,
      `console under ${GOALS.consoleCores} of a core`,
    ),
    goal(pageCores < GOALS.pageCores, `a page under ${GOALS.pageCores} of a core`),
    goal(
      ratio <= GOALS.acknowledged,
      `acknowledgement p99 with pages at most ${GOALS.acknowledged} times that without (${ratio.toFixed(2)})`,
    ),
  ].join("\n");
}
