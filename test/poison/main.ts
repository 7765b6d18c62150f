import { Command } from "commander";
import { type Outcome, poisonInstallation } from "./installation.ts";
import { isHarmless } from "./poison.ts";

interface Flags {
  readonly seconds: number;
  readonly rate: number;
}

const ALERTS_WITHIN_MS = 50;

const numberOf = (name: string) => (raw: string) => {
  const value = Number(raw);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, not "${raw}"`);
  return value;
};

const say = (line: string): void => void process.stderr.write(`poison: ${line}\n`);

function show({ tried, restarts, standing, problems, alerts, p50Ms, p99Ms }: Outcome): boolean {
  const width = Math.max(...tried.map(({ name }) => name.length));
  for (const { name, listed } of tried)
    process.stdout.write(`${name.padEnd(width)}  ${listed ?? "NOT LISTED"}\n`);
  const unlisted = tried.filter(({ listed }) => listed === null).length;
  const harmless = tried.filter(({ listed }) => isHarmless(listed)).length;
  const restarted = Object.entries(restarts);
  for (const [name, count] of restarted)
    process.stdout.write(`${name} was started again, ${count} times\n`);
  for (const lane of standing) process.stdout.write(`lane ${lane}\n`);
  for (const problem of problems) process.stdout.write(`not sound: ${problem}\n`);
  const wrong = restarted.length + standing.length + unlisted + problems.length;
  const isWell = wrong === 0 && p99Ms < ALERTS_WITHIN_MS && alerts > 0;
  process.stdout.write(
    `\n${tried.length} poisons: restarts ${restarted.reduce((sum, [, n]) => sum + n, 0)}, ` +
      `lanes standing still ${standing.length}, unlisted ${unlisted} (and ${harmless} harmless ones), ` +
      `bystanders' alerts ${alerts}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms ` +
      `(below ${ALERTS_WITHIN_MS}): ${isWell ? "nothing stopped" : "NOT WELL"}\n`,
  );
  return isWell;
}

const program = new Command("npm run poison --")
  .description(
    "Runs everything, and gives it two hundred kinds of poison: readings, encodings, requests, keys, packets, frames, rules, records. " +
      "Status 1 unless no process is started again, no lane stands still, every poison is listed with its " +
      `reason, and 99 of 100 alerts of the bystanders come within ${ALERTS_WITHIN_MS} ms.`,
  )
  .option("--seconds <n>", "how long bystanders raise alerts", numberOf("seconds"), 60)
  .option("--rate <n>", "readings per second of the simulated devices", numberOf("rate"), 50);

program.parse();
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort());
const outcome = await poisonInstallation({ ...program.opts<Flags>(), say }, stop.signal);
process.exitCode = outcome && show(outcome) ? 0 : 1;
