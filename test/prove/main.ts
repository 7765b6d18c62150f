import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { AlertsCompared, MailsCompared } from "./alerts.ts";
import type { LedgerCompared } from "./ledger-check.ts";
import { type Proof, failedIn, prove } from "./prove.ts";
import type { SetAsideCompared } from "./set-aside-check.ts";
import type { StrangersCompared } from "./strangers/run.ts";
import { SABOTAGES } from "./sabotage.ts";
import { FAULT_KINDS, NODE_KILLS } from "./schedule.ts";

interface Flags {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly devices: number;
  readonly replicas: 1 | 3;
  readonly json?: string;
  readonly sabotage?: string;
}

const numberOf = (name: string) => (raw: string) => {
  const value = Number(raw);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, not "${raw}"`);
  return value;
};

function replicasOf(raw: string): 1 | 3 {
  if (raw !== "1" && raw !== "3") throw new Error(`--replicas must be 1 or 3, not "${raw}"`);
  return raw === "1" ? 1 : 3;
}

const program = new Command("npm run prove --")
  .description(
    "Runs everything under a seeded schedule of faults (kill -9, processes that stand still, WAN cuts, slow links, wrong clocks, " +
      "repeats), heals, and compares what devices saw acknowledged with the logs, with InfluxDB, with " +
      "every statistic of every rollup, and alerts with the plain definitions of their rules; and what became of " +
      "strangers, whose devices keep to no convention. Status 1 unless nothing is missing, duplicated or wrong.",
  )
  .option("--seed <n>", "decides the schedule", numberOf("seed"), 1)
  .option("--minutes <n>", "how long faults go on", numberOf("minutes"), 2)
  .option("--rate <n>", "readings per second, all devices together", numberOf("rate"), 400)
  .option("--devices <n>", "simulated devices", numberOf("devices"), 20)
  .option(
    "--replicas <n>",
    "3: the hub and region eu are clusters of three nats-servers, which are killed, too",
    replicasOf,
    1 as 1 | 3,
  )
  .option("--json <file>", "write the figures there")
  .addOption(
    new Option("--sabotage <mode>", "break one guarantee; the proof must fail").choices(
      Object.keys(SABOTAGES),
    ),
  );

/** Lines under a stranger; all are in the JSON. */
const WRONG_SHOWN_MAX = 10;

const say = (line: string): void => void process.stderr.write(`prove: ${line}\n`);

function show(proof: Proof): void {
  const { acknowledged, stored, missing, duplicated, rollups, faults } = proof;
  const kinds = proof.replicas === 1 ? FAULT_KINDS : [...FAULT_KINDS, ...NODE_KILLS];
  const lines = kinds.map(
    (kind) =>
      `${kind.padEnd(18)} ${String(faults[kind].count).padStart(5)} ` +
      `${(faults[kind].recoveryMsMax / 1000).toFixed(1).padStart(14)}`,
  );
  process.stdout.write(
    `\nfault              count  worst recovery, s\n${lines.join("\n")}\n\n` +
      `acknowledged ${acknowledged}, stored ${stored}, missing ${missing}, duplicated ${duplicated}, ` +
      `rollups compared ${rollups.compared}, rollups wrong ${rollups.wrong}\n` +
      rollups.examples.map((line) => `  ${line}\n`).join("") +
      Object.entries(proof.alerts).map(alertsLine).join("") +
      mailsLine(proof.mails) +
      strangersTable(proof.strangers) +
      setAsideLine(proof.setAside) +
      ledgerLine(proof.ledger) +
      `${verdictOf(proof)} (seed ${proof.seed})\n`,
  );
}

function verdictOf(proof: Proof): string {
  const failed = failedIn(proof);
  return failed.length === 0 ? "proven" : `NOT PROVEN by ${failed.join(", ")}`;
}

const alertsLine = ([region, of]: [string, AlertsCompared]): string =>
  `alerts of ${region}: steps ${of.expected} (${Object.keys(of.byRule).length} rules), missing ${of.missing}, ` +
  `unexpected ${of.unexpected}, twice ${of.twice}\n${of.examples.map((line) => `  ${line}\n`).join("")}`;

function strangersTable(strangers: StrangersCompared): string {
  const columns = ["sent", "acknowledged", "stored", "rejected", "rollups"] as const;
  const head = `${"stranger".padEnd(12)}${columns.map((name) => name.padStart(14)).join("")}`;
  const lines = Object.entries(strangers).flatMap(([name, figures]) => [
    `${name.padEnd(12)}${columns.map((column) => String(figures[column]).padStart(14)).join("")}` +
      `  ${figures.wrong.length === 0 ? "right" : "WRONG"}`,
    ...figures.wrong.slice(0, WRONG_SHOWN_MAX).map((line) => `  ${line}`),
  ]);
  return `\n${[head, ...lines].join("\n")}\n\n`;
}

const mailsLine = ({ expected, missing, unexpected, repeats, kills }: MailsCompared): string =>
  `mails: expected ${expected}, missing ${missing}, unexpected ${unexpected}, repeats ${repeats} ` +
  `(the notifier was killed ${kills} times)\n`;

const setAsideLine = ({ expected, missing }: SetAsideCompared): string =>
  `set aside: expected ${expected}, missing ${missing.length}\n${missing.map((one) => `  ${one} is not listed\n`).join("")}`;

const ledgerLine = ({ acknowledged, wrong }: LedgerCompared): string =>
  `ledger: acknowledged ${acknowledged}, ${wrong.length === 0 ? "balanced" : "NOT BALANCED"}\n${wrong.map((one) => `  ${one}\n`).join("")}`;

program.parse();
const flags = program.opts<Flags>();
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort());
say(
  `seed ${flags.seed}, ${flags.minutes} min${flags.replicas === 3 ? ", clusters of three" : ""}${flags.sabotage ? `, sabotage ${flags.sabotage}` : ""}`,
);
const proof = await prove({ ...flags, sabotage: flags.sabotage, say }, stop.signal);
if (proof) show(proof);
if (proof && flags.json) writeFileSync(flags.json, `${JSON.stringify(proof, null, 2)}\n`);
process.exitCode = proof && failedIn(proof).length === 0 ? 0 : 1;
