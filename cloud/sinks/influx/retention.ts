// How long an InfluxDB 1.x keeps each kind of record: what a change would be, and what would go with it. Pure.
//
// R1. Nothing is kept for shorter than KEEP_MS_MIN: hours are merged from minutes, and days from hours, that are stored.
// R2. A shard goes as a whole, once its end is older than the duration: what a change deletes is told by shards.
import { DAY } from "../../../contracts/names/measurements.ts";
import { type Row, quoteName } from "./client.ts";
import { OWN_POLICIES, type OwnPolicy, type Policy } from "./policies.ts";

/** Kinds of records with a retention of their own: `readings` are those, rollups of 10 s, and open ones. */
export const KINDS = ["readings", ...OWN_POLICIES] as const;
export type Kind = (typeof KINDS)[number];

export const KEEP_MS_MIN = 2 * DAY.sizeMs;
/** A duration of InfluxDB for ever. */
const FOR_EVER = "0s";
const HOUR_MS = 3_600_000;
/** Times that a shard is of, for kinds of few points: a shard costs a file of its own for each series. */
const SHARD_MS: Readonly<Record<OwnPolicy, number>> = {
  "1m": 7 * DAY.sizeMs,
  "1h": 28 * DAY.sizeMs,
  "1d": 364 * DAY.sizeMs,
};

export interface Shard {
  readonly policy: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A change of one kind. */
export interface Change {
  readonly kind: Kind;
  readonly policy: string;
  /** Null where the policy is made. */
  readonly before: Pick<Policy, "durationMs"> | null;
  /** Null for ever. */
  readonly keepMs: number | null;
  readonly statement: string;
  /** Shards that go with it (R2). */
  readonly lost: readonly Shard[];
}

export interface Wanted {
  readonly kind: Kind;
  /** Null for ever. */
  readonly keepMs: number | null;
}

/** @param rows of SHOW SHARDS. */
export const shardsOf = (rows: readonly Row[], database: string): Shard[] =>
  rows
    .filter((row) => row["database"] === database)
    .map((row) => ({
      policy: String(row["retention_policy"]),
      startMs: Date.parse(String(row["start_time"])),
      endMs: Date.parse(String(row["end_time"])),
    }));

/** The policy that has a kind's records; undefined where it has none of its own. */
export const policyOfKind = (kind: Kind, policies: readonly Policy[]): Policy | undefined =>
  policies.find((policy) => (kind === "readings" ? policy.isDefault : policy.name === kind));

/** Changes to what is wanted; none for what is so already. */
export function changesFor(
  wanted: readonly Wanted[],
  { database, policies, shards, nowMs }: StoreNow,
): Change[] {
  return wanted.flatMap(({ kind, keepMs }) => {
    const before = policyOfKind(kind, policies) ?? null;
    if (before && before.durationMs === keepMs) return [];
    const policy = before?.name ?? kind;
    const verb = before ? "ALTER" : "CREATE";
    const replicas = before ? "" : " REPLICATION 1";
    const statement =
      `${verb} RETENTION POLICY ${quoteName(policy)} ON ${quoteName(database)} DURATION ` +
      `${influxDuration(keepMs)}${replicas} SHARD DURATION ${influxDuration(shardMs(kind, keepMs))}`;
    const lost = shards.filter(
      (shard) => keepMs !== null && shard.policy === policy && shard.endMs < nowMs - keepMs,
    );
    return { kind, policy, before, keepMs, statement, lost };
  });
}

export interface StoreNow {
  readonly database: string;
  readonly policies: readonly Policy[];
  readonly shards: readonly Shard[];
  readonly nowMs: number;
}

/** Whether a change makes the time shorter for which something is kept. */
export const shortens = ({ before, keepMs }: Change): boolean =>
  before !== null && keepMs !== null && (before.durationMs === null || keepMs < before.durationMs);

/** InfluxDB's own rule for readings; never longer than what is kept. */
function shardMs(kind: Kind, keepMs: number | null): number {
  const ofReadings = keepMs !== null && keepMs <= 180 * DAY.sizeMs ? DAY.sizeMs : 7 * DAY.sizeMs;
  const usual = kind === "readings" ? ofReadings : SHARD_MS[kind];
  return keepMs === null ? usual : Math.min(usual, keepMs);
}

const influxDuration = (ms: number | null): string =>
  ms === null ? FOR_EVER : `${Math.ceil(ms / HOUR_MS)}h`;

/** Statements that make the policies of hours and days, for ever; each changes nothing where there is one. */
export const longPolicies = (database: string): { policy: OwnPolicy; statement: string }[] =>
  (["1h", "1d"] as const).map((policy) => ({
    policy,
    statement: changesFor([{ kind: policy, keepMs: null }], {
      ...{ database, policies: [], shards: [], nowMs: 0 },
    })[0]!.statement,
  }));

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ h: HOUR_MS, d: DAY.sizeMs, w: 7 * DAY.sizeMs, y: 365 * DAY.sizeMs },
};

/** Reads `readings=30d`, `1h=5y` or `1d=forever`. @throws Error with what would be right. */
export function parseKeep(text: string): Wanted {
  const [name = "", time = "", ...more] = text.split("=");
  const kind = KINDS.find((one) => one === name);
  if (!kind || more.length > 0)
    throw new Error(`must be KIND=DURATION with a kind of ${KINDS.join(", ")}, not "${text}"`);
  if (time === "forever") return { kind, keepMs: null };
  const [, count = "", unit = ""] = /^(\d+)([hdwy])$/.exec(time) ?? [];
  const keepMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (!(keepMs >= KEEP_MS_MIN && keepMs <= 100 * UNIT_MS["y"]!))
    throw new Error(
      `${name}: must be a duration of 2d to 100y such as 30d, 26w or 5y, or forever, not "${time}"`,
    );
  return { kind, keepMs };
}

/** Reads what a configuration says: `readings=30d,1h=5y`; nothing where it is empty. @throws Error as `parseKeep`. */
export function parseKeeps(text: string): Wanted[] {
  const words = text.split(",").map((word) => word.trim());
  const all = words.filter((word) => word !== "").map(parseKeep);
  const twice = all.find(({ kind }, at) => all.findIndex((one) => one.kind === kind) !== at);
  if (twice) throw new Error(`names ${twice.kind} twice`);
  return all;
}

/** Clauses on what an InfluxDB keeps for another time than was wanted, one for each kind. */
export const differencesFrom = (wanted: readonly Wanted[], policies: readonly Policy[]): string[] =>
  wanted.flatMap(({ kind, keepMs }) => {
    const policy = policyOfKind(kind, policies);
    if (policy && policy.durationMs === keepMs) return [];
    const now = policy ? `kept ${keepText(policy.durationMs)}` : "kept as long as readings";
    return [`${kind}: ${now}, configured ${keepText(keepMs)}`];
  });

/** A retention for people. */
export function keepText(keepMs: number | null): string {
  if (keepMs === null) return "for ever";
  const days = keepMs / DAY.sizeMs;
  if (days >= 365 && days % 365 === 0) return `for ${days / 365} y`;
  return Number.isInteger(days) ? `for ${days} d` : `for ${keepMs / HOUR_MS} h`;
}

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A change in words: what is kept for how long from then on, and what goes. */
export function changeText({ kind, before, keepMs, lost, ...of }: Change): string {
  const was = before ? ` instead of ${keepText(before.durationMs)}` : ", in a policy of their own";
  const others =
    kind === "readings" ? ", and rollups that were written before their kind had a policy" : "";
  const text = `${kind}${others}: kept ${keepText(keepMs)}${was}`;
  if (!shortens({ kind, before, keepMs, lost, ...of })) return text;
  if (lost.length === 0) return `${text}; nothing that is stored is older`;
  const from = Math.min(...lost.map(({ startMs }) => startMs));
  const until = Math.max(...lost.map(({ endMs }) => endMs));
  const shards = lost.length === 1 ? "1 shard" : `${lost.length} shards`;
  return `${text}; lost for good within half an hour: ${dateOf(from)} to ${dateOf(until)} (${shards})`;
}
