import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { Alert } from "../../../contracts/messages/alert.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { RULES_BUCKET } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import { as } from "../../../platform/runtime/config.ts";
import type { Place } from "../kit/addresses.ts";
import { withNats } from "../kit/connection.ts";
import { type Say, example, parseDuration, place } from "../kit/options.ts";
import { UsageError, refused } from "../kit/refused.ts";
import {
  type Recording,
  alertsOver,
  compareAlerts,
  readRecording,
  readRegion,
} from "./recordings.ts";
import { problemOf, readRules, savedRules } from "./store.ts";

interface Flags extends Place {
  readonly data?: string;
  readonly region?: string;
  readonly since: number;
  readonly record?: string;
  readonly against?: string;
  readonly strict: boolean;
  readonly schemas: string;
}

/** `skerry rules test`. */
export function addRulesTestCommand(rules: Command, say: Say): void {
  example(
    place(rules.command("test"), "the region's, or the hub's,"),
    "rules test rules.json --region eu --since 2h",
    "rules test rules.json --data readings.jsonl --against main.json --strict",
  )
    .description(
      "Run the rules of a file over recorded data: what they raise, and what that changes " +
        "against the saved rules, or those of another file.",
    )
    .argument("<file>", "a JSON array of rules")
    .option("--data <file>", "readings, one JSON object a line: device, contract, payload")
    .option("--region <name>", "or the log of a region")
    .option("--since <duration>", "how far back in it", parseDuration, as.durationMs("2h"))
    .option("--record <file>", "write the readings of the log there, for --data")
    .option("--against <file>", "rules to compare with, such as those of the main branch")
    .option("--strict", "status 1 if an alert is gained or lost", false)
    .option("--schemas <dir>", "contracts", SCHEMAS_DIRECTORY)
    .action((file: string, flags: Flags) => testRules(file, flags, say));
}

async function testRules(file: string, flags: Flags, say: Say): Promise<void> {
  const { data, region, record, against, strict } = flags;
  if ((data === undefined) === (region === undefined))
    throw new UsageError("say what to run the rules over: --data, or --region");
  const wanted = readRules(file);
  const catalog = loadCatalog(flags.schemas);
  for (const rule of wanted) {
    const why = problemOf(rule, catalog);
    if (why !== null) throw refused(`rule "${rule.id}": ${why}`);
  }
  const { recordings, saved } =
    data === undefined
      ? await ofRegion(region!, flags)
      : { recordings: await readRecording(data, catalog), saved: null };
  if (record !== undefined) writeFileSync(record, linesOf(recordings));
  const { alerts: after, late } = alertsOver(recordings, wanted, catalog);
  for (const alert of after) say(alertLine(alert));
  const count = recordings.reduce((sum, recording) => sum + readingsOf(recording).length, 0);
  if (late > 0) say(`${late} readings came too late to be evaluated`);
  const raised = after.filter(({ state }) => state === "firing").length;
  say(`${raised} alerts over ${count} readings`);
  const current = against === undefined ? saved : readRules(against);
  if (!current) return;
  // Saved rules that the file does not speak of stay as they are.
  const ids = new Set(wanted.map(({ id }) => id));
  const untouched = against === undefined ? current.filter(({ id }) => !ids.has(id)) : [];
  const result = [...wanted, ...untouched];
  const over = (rules: readonly Rule[]): Alert[] => alertsOver(recordings, rules, catalog).alerts;
  const { gained, lost } = compareAlerts(over(current), over(result));
  for (const alert of gained) say(`gained: ${alertLine(alert)}`);
  for (const alert of lost) say(`lost: ${alertLine(alert)}`);
  say(`against ${against ?? "the saved rules"}: ${gained.length} gained, ${lost.length} lost`);
  if (strict && gained.length + lost.length > 0) process.exitCode = 1;
}

/** The readings of the region's log, and the saved rules, of which the region has a copy. */
const ofRegion = (
  region: string,
  flags: Flags,
): Promise<{ recordings: Recording[]; saved: readonly Rule[] }> =>
  withNats(flags, region, async (nats) => {
    const recordings = await readRegion(nats, region, Date.now() - flags.since);
    const bucket = await Bucket.open(nats, RULES_BUCKET);
    const saved = [...savedRules(await bucket.records()).rules.values()];
    return { recordings, saved };
  });

const readingsOf = ({ frames }: Recording) => frames.flatMap(({ readings }) => readings);

const linesOf = (recordings: readonly Recording[]): string =>
  recordings
    .flatMap(readingsOf)
    .map((reading) => `${JSON.stringify(reading)}\n`)
    .join("");

const alertLine = ({ rule, key, state, atMs, message }: Alert): string =>
  `${new Date(atMs).toISOString()} ${rule} ${key} ${state}: ${message}`;
