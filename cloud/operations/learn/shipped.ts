// Shipped tables that fit a template (pure): whoever wrote them knows the devices better than a guess does.
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import type { MappingTable } from "../../../contracts/mapping.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { isMeasured, leavesOf } from "./leaves.ts";
import { pointerOf } from "./fields.ts";
import { type Fate, Judge } from "./judge.ts";
import type { Parsed, Sample } from "./sample.ts";
import type { Cluster } from "./topics.ts";

/** A table that ships, by the name of its file. */
export interface ShippedTable {
  readonly name: string;
  readonly table: MappingTable;
}

/** A table that was compiled once, for all templates. */
interface Compiled extends ShippedTable {
  readonly judge: Judge;
}

export const compileTables = (shipped: readonly ShippedTable[], catalog: Catalog): Compiled[] =>
  shipped.map((one) => ({ ...one, judge: new Judge(one.table, catalog) }));

export interface Fitting {
  readonly from: string;
  /** Those that made a reading. */
  readonly entries: readonly MappingEntry[];
  /** Pointers of what is measured and in no reading. */
  readonly missed: ReadonlySet<string>;
}

/** Messages of a template that tables are tried with. */
const TRIED = 200;
/** Messages of which each member is taken away, to see whether anything changes. */
const TAKEN_APART = 10;
/** The share of the messages that may be refused: a value of 255 for "unknown" is no reason against a table. */
const REFUSED_SHARE_MAX = 0.2;

/** The table that takes every message of the template, of several the one that misses least; null if none does. */
export function fittingTable(cluster: Cluster, shipped: readonly Compiled[]): Fitting | null {
  const tried = cluster.parsed.slice(0, TRIED);
  const fitting = shipped.flatMap(({ name, table, judge }): Fitting[] => {
    if (!judge.has(cluster.topics[0]!)) return [];
    const fates = tried.map(({ sample }) => judge.of(sample));
    const refused = fates.filter((fate) => fate.refused.length > 0).length;
    if (fates.some(({ readings }) => readings.length === 0)) return [];
    if (refused > tried.length * REFUSED_SHARE_MAX) return [];
    const used = new Set(fates.flatMap(({ readings }) => readings.map(({ entry }) => entry)));
    const missed = new Set(
      tried.slice(0, TAKEN_APART).flatMap((parsed) => missedIn(parsed, judge)),
    );
    return [{ from: name, entries: table.filter((entry) => used.has(entry.name)), missed }];
  });
  return fitting.toSorted((a, b) => a.missed.size - b.missed.size)[0] ?? null;
}

/** A member is in no reading if nothing changes without it. */
function missedIn({ sample, value, kind }: Parsed, judge: Judge): string[] {
  if (kind !== "object") return [];
  const whole = keyOf(judge.of(sample));
  const measured = leavesOf([{ value, atMs: sample.atMs }]).filter(isMeasured);
  return measured.flatMap(({ tokens }) => {
    const payload = Buffer.from(JSON.stringify(withoutMember(value, tokens)));
    const rest: Sample = { ...sample, payload };
    return keyOf(judge.of(rest)) === whole ? [pointerOf(tokens)] : [];
  });
}

const keyOf = (fate: Fate): string => JSON.stringify(fate);

function withoutMember(value: unknown, [token, ...rest]: readonly string[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      key !== token
        ? [[key, member]]
        : rest.length === 0
          ? []
          : [[key, withoutMember(member, rest)]],
    ),
  );
}
