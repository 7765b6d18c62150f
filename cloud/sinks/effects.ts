// The values that a lane gives to a sink: readings and rollups, in no format of any store. Pure.
import type { FrameReading } from "../../contracts/messages/frame.ts";
import {
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_SKETCH,
  ROLLUP_STATISTICS,
  type RollupWindow,
} from "../../contracts/names/measurements.ts";
import type { SeriesTags } from "../../contracts/messages/series.ts";
import type { Contract, Field } from "../../contracts/schema/contract.ts";

/** A reading to be stored; it holds at least one value of its contract's fields. */
export interface ReadingEffect {
  readonly contract: Contract;
  readonly reading: FrameReading;
  /** Event time in whole epoch milliseconds. */
  readonly eventMs: number;
  /** The place of the reading under its millisecond: no other one of its device is there. */
  readonly slot: number;
}

/** A canary to be stored: the last one of its gateway, lane and hour counts. */
export interface CanaryEffect {
  readonly partition: number;
  readonly gateway: string;
  /** The gateway asked for it then, epoch ms. */
  readonly sentMs: number;
}

/** A rollup to be stored, in place of an earlier one of the same series, window, start and state. */
export interface RollupEffect {
  readonly series: RollupSeries;
  readonly window: RollupWindow;
  /** The number of times that a final was changed by late readings; null while the window is open. */
  readonly revision: number | null;
  /** Value of the partition key. */
  readonly key: string;
  /** The other tags of its series. */
  readonly tags: SeriesTags;
  readonly startMs: number;
  readonly count: number;
  /**
   * The values of each field of the series, in the order of {@link ROLLUP_VALUES}: without the
   * quantiles if the field has none, empty if no reading has the field. Fields that became known later
   * may lack.
   */
  readonly fields: readonly (readonly number[])[];
  /** The rest of what longer rollups are merged from, by the places of the fields; only finals from a minute on have it. */
  readonly mergeables?: readonly Mergeable[];
}

/** The facts of a field that longer rollups need beside its values. */
export interface Mergeable {
  /** Values of the field; null where every reading of the rollup has one. */
  readonly count: number | null;
  /** Its quantiles as text; null without any, and where `min` and `max` are all values. */
  readonly sketch: string | null;
}

/** The rollups of one contract: all its versions feed the same series. */
export interface RollupSeries {
  /** Name of the contract. */
  readonly name: string;
  /** Name of the partition key's tag. */
  readonly tag: string;
  /** Numeric fields of any version; the list grows, a place in it never changes. */
  readonly fields: readonly RolledField[];
}

/** A numeric field of any version of a contract. */
export interface RolledField {
  readonly name: string;
  readonly quantiles: boolean;
}

/** Names of a field's values in a rollup, in their order. */
export const ROLLUP_VALUES: readonly string[] = [
  ...ROLLUP_STATISTICS,
  ...ROLLUP_QUANTILES.map(({ name }) => name),
];

/** Names and values of a rollup, without the revision, and without sums that have overflowed. */
export function rollupValues({
  series,
  count,
  fields,
  mergeables = [],
}: Pick<RollupEffect, "series" | "count" | "fields" | "mergeables">): [string, number | string][] {
  const values: [string, number | string][] = [[ROLLUP_COUNT, count]];
  fields.forEach((statistics, place) => {
    const { name } = series.fields[place]!;
    statistics.forEach((value, which) => {
      if (Number.isFinite(value)) values.push([`${name}_${ROLLUP_VALUES[which]!}`, value]);
    });
    const { count: ofField = null, sketch = null } = mergeables[place] ?? {};
    if (ofField !== null) values.push([`${name}_${ROLLUP_FIELD_COUNT}`, ofField]);
    if (sketch !== null) values.push([`${name}_${ROLLUP_SKETCH}`, sketch]);
  });
  return values;
}

/** The properties of a contract's payloads that are stored; the others stay in the log. */
export interface StoredProperties {
  /** The tags beside region and device. */
  readonly tags: readonly string[];
  readonly fields: readonly Pick<Field, "name" | "type">[];
  /** Stored as a field too. */
  readonly sequence: string | null;
}

export function storedProperties(contract: Contract): StoredProperties {
  const tags = new Set(contract.tags);
  if (contract.partitionKey !== "device") tags.add(contract.partitionKey);
  return {
    tags: [...tags],
    fields: contract.fields.filter(({ name }) => !tags.has(name)),
    sequence: contract.sequenceProperty ?? null,
  };
}

/** Whether a property holds a value of its field's type; what a schema lets through beside it is left. */
export function isStorable(type: Field["type"], value: unknown): boolean {
  switch (type) {
    case "number":
    case "integer":
      return typeof value === "number" && Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
  }
}

/** Whether a payload holds anything that is stored as a field. */
export function holdsValue(
  { fields, sequence }: StoredProperties,
  payload: Readonly<Record<string, unknown>>,
): boolean {
  for (const { name, type } of fields) if (isStorable(type, payload[name])) return true;
  return sequence !== null && typeof payload[sequence] === "number";
}
