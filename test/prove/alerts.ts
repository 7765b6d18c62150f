// What the engines raised over a run, against what the plain definitions of the rules say of the same
// logs; and what people were told, against what was raised.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as macrotask } from "node:timers/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { type Rule, parseRules } from "../../contracts/rules/rule.ts";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import { alertSubjects, alertsStream, laneName } from "../../contracts/names/subjects.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { readLane } from "../../platform/nats/lanes/lane-source.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { eventually } from "../support/eventually.ts";
import type { Mail } from "../support/notifications.ts";
import { type LoggedFrame, referenceAlerts } from "../support/reference-evaluator.ts";

export const PROVE_RULES = join(import.meta.dirname, "rules.json");
const SILENT = makeLogger({}, "silent");
/** A notifier that was killed last may have a batch before it. */
const MAILS_WITHIN_MS = 60_000;

export interface AlertsCompared {
  /** Steps of alerts (silenced, firing, resolved) that the definitions say. */
  readonly expected: number;
  readonly byRule: Readonly<Record<string, number>>;
  readonly missing: number;
  readonly unexpected: number;
  readonly twice: number;
  /** For whoever has to look into it: the first few that differ. */
  readonly examples: readonly string[];
  /** Those whose steps people are told of, as `id.state`. */
  readonly toTell: readonly string[];
}

export interface MailsCompared {
  /** Steps that people have to be told of, each in some mail. */
  readonly expected: number;
  readonly missing: number;
  /** Steps in mails that are in no stream of alerts. */
  readonly unexpected: number;
  /** Mails that came a second time, at most one for each time that the notifier was killed. */
  readonly repeats: number;
  readonly kills: number;
}

const nameOf = (of: {
  rule: string;
  key: string;
  id: string;
  state: string;
  seq: number;
  late?: boolean;
}): string =>
  `${of.seq} ${of.rule} ${of.key} ${of.state}${of.late === true ? " late" : ""} ${of.id}`;

/** Compares one region, as far as its engine says that it is through. */
export async function compareAlerts(
  connection: NatsConnection,
  { region, lanes }: Pick<AlertingStatus, "region" | "lanes">,
): Promise<AlertsCompared> {
  const rules = parseRules(JSON.parse(readFileSync(PROVE_RULES, "utf8")));
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const doneSeq = new Map(lanes.map((lane) => [lane.partition, lane.doneSeq]));
  const stored = (await storedAlerts(connection, region, rules)).filter(
    ({ partition, seq }) => seq <= (doneSeq.get(partition) ?? 0),
  );
  const expected = new Set<string>();
  const byRule: Record<string, number> = {};
  const unsaid: string[] = [];
  for (const [partition, seq] of doneSeq) {
    const lane = { region, partition };
    const frames = await framesOf(connection, lane, seq);
    await macrotask(); // The definitions take seconds, in which no answer is read.
    try {
      for (const alert of referenceAlerts(frames, rules, { lane, catalog })) {
        expected.add(nameOf(alert));
        const name = alert.late ? `${alert.rule} late` : alert.rule;
        byRule[name] = (byRule[name] ?? 0) + 1;
      }
    } catch (error) {
      // A log with a hole says nothing of its alerts, and the other lanes are compared all the same.
      unsaid.push(`${laneName(lane)}: ${messageOf(error)}`);
    }
  }
  const names = stored.map(nameOf);
  const got = new Set(names);
  const missing = [...expected].filter((name) => !got.has(name));
  const unexpected = [...got].filter((name) => !expected.has(name));
  return {
    expected: expected.size,
    byRule,
    missing: missing.length + unsaid.length,
    unexpected: unexpected.length,
    twice: names.length - got.size,
    examples: [
      ...unsaid,
      ...missing.slice(0, 5).map((name) => `${region} missing ${name}`),
      ...unexpected.slice(0, 5).map((name) => `${region} unexpected ${name}`),
    ],
    toTell: stored
      .filter(({ state, quiet }) => (state === "firing" || state === "resolved") && !quiet)
      .map(({ id, state }) => `${id}.${state}`),
  };
}

/** Waits for the mails that are still to come, and compares. */
export async function compareMails(
  mails: readonly Pick<Mail, "steps">[],
  toTell: readonly string[],
  of: { connections: Readonly<Record<string, NatsConnection>>; kills: number },
): Promise<MailsCompared> {
  const wanted = new Set(toTell);
  const told = (): Set<string> => new Set(mails.flatMap(({ steps }) => steps));
  const isComplete = (): boolean => wanted.isSubsetOf(told());
  await eventually("every alert is told", isComplete, MAILS_WITHIN_MS).catch(() => false);
  const got = told();
  const stored = new Set<string>();
  for (const [region, connection] of Object.entries(of.connections))
    for (const { id, state } of await allAlerts(connection, region)) stored.add(`${id}.${state}`);
  return {
    expected: wanted.size,
    missing: wanted.difference(got).size,
    unexpected: got.difference(stored).size,
    repeats: mailsThatRepeat(mails),
    kills: of.kills,
  };
}

/** Mails that tell a step which one before them told. */
function mailsThatRepeat(mails: readonly Pick<Mail, "steps">[]): number {
  const told = new Set<string>();
  return mails.filter(({ steps }) => {
    const again = steps.some((step) => told.has(step));
    for (const step of steps) told.add(step);
    return again;
  }).length;
}

/** The region's alerts of these rules; what an engine says of itself has no definition. */
async function storedAlerts(
  connection: NatsConnection,
  region: string,
  rules: readonly Rule[],
): Promise<Alert[]> {
  const own = new Set(rules.map(({ id }) => id));
  return (await allAlerts(connection, region)).filter(({ rule }) => own.has(rule));
}

async function allAlerts(connection: NatsConnection, region: string): Promise<Alert[]> {
  const stream = alertsStream(region);
  const { streams } = await connection.jetstreamManager();
  const { last_seq: lastSeq, messages } = (await streams.info(stream)).state;
  if (messages === 0) return [];
  const stop = new AbortController();
  const slice = { stream, subject: alertSubjects(region), from: 1 };
  const entries = await upTo(readSlice(connection, slice, SILENT, stop.signal), lastSeq);
  stop.abort();
  return entries.map(({ data }) => JSON.parse(Buffer.from(data).toString("utf8")) as Alert);
}

async function framesOf(
  connection: NatsConnection,
  lane: { region: string; partition: number },
  lastSeq: number,
): Promise<LoggedFrame[]> {
  if (lastSeq === 0) return [];
  const stop = new AbortController();
  const entries = await upTo(readLane(connection, lane, 1, SILENT, stop.signal), lastSeq);
  stop.abort();
  return entries.map(({ seq, storeMs, data }) => ({ seq, storeMs, ...decodeFrame(data) }));
}

/** Entries up to a sequence that is there; a lane's last one may be before it. */
async function upTo(entries: AsyncIterable<LogEntry>, lastSeq: number): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  for await (const entry of entries) {
    if (entry.seq <= lastSeq) found.push(entry);
    if (entry.seq >= lastSeq) break;
  }
  return found;
}
