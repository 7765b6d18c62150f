import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { Alert } from "../../../contracts/messages/alert.ts";
import { type Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import { type Rule, contractsOf } from "../../../contracts/rules/rule.ts";
import { RULES_BUCKET } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import { as } from "../../../platform/runtime/config.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import type { Place } from "../kit/addresses.ts";
import { withNats } from "../kit/connection.ts";
import { type Say, example, parseDuration, place } from "../kit/options.ts";
import { Progress } from "../kit/progress.ts";
import { UsageError } from "../kit/usage-error.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { count } from "../../../cloud/operations/words.ts";
import { knownContracts } from "../../../cloud/operations/rules/contracts.ts";
import { changeBy, tryRules } from "../../../cloud/operations/rules/try-rules.ts";
import {
  type Recording,
  UnknownContract,
  alertsOver,
  compareAlerts,
  readRecording,
  readRegion,
} from "../../../cloud/operations/rules/recordings.ts";
import { problemOf, readRules, savedRules } from "../../../cloud/operations/rules/store.ts";
import { instant } from "../../../cloud/operations/words.ts";

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
    .option("--schemas <dir>", "contracts, beside those that are published", SCHEMAS_DIRECTORY)
    .action((file: string, flags: Flags) => testRules(file, flags, say));
}

async function testRules(file: string, flags: Flags, say: Say): Promise<void> {
  const { data, region, record, against, strict } = flags;
  if ((data === undefined) === (region === undefined))
    throw new UsageError("say what to run the rules over: --data, or --region");
  const wanted = readRules(file);
  const other = against === undefined ? null : readRules(against);
  const { recordings, saved, catalog } =
    data === undefined
      ? await ofRegion(region!, flags)
      : await ofFile(data, [...wanted, ...(other ?? [])], flags);
  for (const rule of other ?? []) {
    const why = problemOf(rule, catalog);
    if (why !== null) throw refused(`rule "${rule.id}": ${why}`);
  }
  const { alerts: after, late, readings } = tryRules({ recordings, catalog }, wanted);
  if (record !== undefined) writeFileSync(record, linesOf(recordings));
  for (const alert of after) say(alertLine(alert));
  if (late > 0)
    say(`${count(late, "reading")} came late and ${late === 1 ? "was" : "were"} evaluated apart`);
  if (data !== undefined)
    say("a recording has no heartbeats of gateways: time passed with its readings, up to the last");
  const raised = after.filter(({ state }) => state === "firing").length;
  say(`${count(raised, "alert")} over ${count(readings, "reading")}`);
  const current = other ?? saved;
  if (!current) return;
  // Saved rules that the file does not speak of stay as they are.
  const { gained, lost } =
    against === undefined
      ? changeBy({ recordings, catalog }, current, wanted)
      : compareAlerts(alertsOver(recordings, current, catalog).alerts, after);
  for (const alert of gained) say(`gained: ${alertLine(alert)}`);
  for (const alert of lost) say(`lost: ${alertLine(alert)}`);
  say(`against ${against ?? "the saved rules"}: ${gained.length} gained, ${lost.length} lost`);
  if (strict && gained.length + lost.length > 0) process.exitCode = 1;
}

/** Readings that rules are run over, and what that is done with. */
interface Material {
  readonly recordings: Recording[];
  /** Null where nobody was asked for them. */
  readonly saved: readonly Rule[] | null;
  readonly catalog: Catalog;
}

/** The readings of a file. The hub is asked only for contracts that the directory lacks: there may be none. */
async function ofFile(data: string, rules: readonly Rule[], flags: Flags): Promise<Material> {
  const shipped = loadCatalog(flags.schemas);
  const names = new Set(rules.flatMap(contractsOf));
  let lacks = [...names.difference(new Set(shipped.names))].map((name) => `contract "${name}"`)[0];
  if (lacks === undefined)
    try {
      return { recordings: await readRecording(data, shipped), saved: null, catalog: shipped };
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof UnknownContract)) throw error;
      lacks = messageOf(error);
    }
  const catalog = await withNats(flags, HUB, (hub) => knownContracts(hub, flags.schemas)).catch(
    (error: unknown) => {
      throw refused(
        `${lacks} is not in ${flags.schemas}, and what is published cannot be asked for: ${messageOf(error)}`,
        error,
      );
    },
  );
  return { recordings: await readRecording(data, catalog), saved: null, catalog };
}

/** The readings of the region's log, and saved rules and published contracts, of which the region has a copy. */
const ofRegion = (region: string, flags: Flags): Promise<Material> =>
  withNats(flags, region, async (nats) => {
    using progress = new Progress("reading frames of the log", null);
    const since = Date.now() - flags.since;
    const recordings = await readRegion(nats, region, since, {
      report: () => progress.step(),
    });
    const bucket = await Bucket.open(nats, RULES_BUCKET);
    const saved = [...savedRules(await bucket.records()).rules.values()];
    return { recordings, saved, catalog: await knownContracts(nats, flags.schemas) };
  });

const readingsOf = ({ frames }: Recording) => frames.flatMap(({ readings }) => readings);

const linesOf = (recordings: readonly Recording[]): string =>
  recordings
    .flatMap(readingsOf)
    .map((reading) => `${JSON.stringify(reading)}\n`)
    .join("");

const alertLine = ({ rule, key, state, atMs, message }: Alert): string =>
  `${instant(atMs)} ${rule} ${key} ${state}: ${message}`;
