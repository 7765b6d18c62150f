// Readings and rollups as InfluxDB line protocol. Pure.
//
// Measurements, tag keys and field keys are escaped once per contract, tags once per device; what is
// left for each reading is concatenation. Points of the client library cost several times as much.
import { escape } from "@influxdata/influxdb-client";
import type { Contract, Field } from "../../contracts/schema/contract.ts";
import {
  ROLLUP_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_REVISION,
  ROLLUP_STATISTICS,
  type RollupWindow,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../contracts/names/measurements.ts";
import { slotOf } from "../../contracts/messages/reading.ts";
import type { FrameReading } from "../../contracts/messages/frame.ts";
import type { FieldStatistics } from "./statistics.ts";

/** Devices whose escaped tags are remembered, per contract and region. */
const DEVICES_CACHED_MAX = 50_000;

const SLOT_DIGITS = 6;

interface FieldKey {
  readonly name: string;
  readonly type: Field["type"];
  readonly key: string;
}

/**
 * A tag value that InfluxDB reads back. Line protocol has no way to write a backslash before a
 * separator or at the end of a value, so such a one becomes `%5C`.
 */
const tagValue = (value: string): string => escape.tag(storedTag(value));

/** What InfluxDB gives back for a tag value. */
export const storedTag = (value: string): string => value.replace(/\\(?=[,= \n\r\t\\]|$)/g, "%5C");

/** Writes the raw points of one contract version. */
export class RawPoints {
  readonly #contract: Contract;
  readonly #head: string;
  readonly #tags: readonly { name: string; key: string }[];
  readonly #fields: readonly FieldKey[];
  readonly #sequenceKey: string | null;
  readonly #deviceHeads = new Map<string, string>();

  constructor(contract: Contract, region: string) {
    this.#contract = contract;
    const measurement = escape.measurement(rawMeasurement(contract.name));
    this.#head = `${measurement},region=${tagValue(region)},device=`;
    const tags = new Set(contract.tags);
    if (contract.partitionKey !== "device") tags.add(contract.partitionKey);
    this.#tags = [...tags].map((name) => ({ name, key: escape.tag(name) }));
    this.#fields = contract.fields
      .filter(({ name }) => !tags.has(name))
      .map(({ name, type }) => ({ name, type, key: escape.tag(name) }));
    this.#sequenceKey =
      contract.sequenceProperty === undefined ? null : escape.tag(contract.sequenceProperty);
  }

  /**
   * One line, or null if no value can be written: a point needs at least one field and a time.
   * @param eventMs whole milliseconds.
   */
  line({ device, payload }: FrameReading, eventMs: number): string | null {
    let tags = "";
    for (const { name, key } of this.#tags) {
      const value = payload[name];
      // An empty tag value is the same as no tag to InfluxDB, and a syntax error on the wire.
      if (value !== undefined && value !== null && value !== "")
        tags += `,${key}=${tagValue(textOf(value))}`;
    }
    let fields = "";
    for (const { name, type, key } of this.#fields) {
      const value = fieldValue(type, payload[name]);
      if (value !== null) fields += fields === "" ? `${key}=${value}` : `,${key}=${value}`;
    }
    const sequence = this.#sequenceKey && payload[this.#contract.sequenceProperty!];
    if (typeof sequence === "number")
      fields += `${fields === "" ? "" : ","}${this.#sequenceKey}=${sequence}i`;
    if (fields === "" || !Number.isSafeInteger(eventMs)) return null;
    const slot = String(slotOf(this.#contract, payload)).padStart(SLOT_DIGITS, "0");
    return `${this.#deviceHead(device)}${tags} ${fields} ${eventMs}${slot}`;
  }

  #deviceHead(device: string): string {
    const known = this.#deviceHeads.get(device);
    if (known !== undefined) return known;
    if (this.#deviceHeads.size >= DEVICES_CACHED_MAX) this.#deviceHeads.clear();
    const head = this.#head + tagValue(device);
    this.#deviceHeads.set(device, head);
    return head;
  }
}

/** Tags are strings, numbers or booleans; whatever else a schema lets through is kept as JSON. */
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

function fieldValue(type: Field["type"], value: unknown): string | null {
  switch (type) {
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? String(value) : null;
    case "integer":
      return typeof value === "number" && Number.isFinite(value) ? `${value}i` : null;
    case "boolean":
      return typeof value === "boolean" ? (value ? "T" : "F") : null;
    case "string":
      return typeof value === "string" ? escape.quoted(value) : null;
  }
}

/** Writes the rollups of one contract and window size: all its versions feed the same series. */
export class RollupPoints {
  readonly #heads: Readonly<Record<"open" | "final", string>>;
  /** Keys of each field: its statistics, then its quantiles, in the order of their lists. */
  readonly #keys: readonly (readonly string[])[];

  constructor(contract: Contract, fields: readonly RolledField[], at: RollupPlace) {
    const head = (state: "open" | "final"): string => {
      const measurement = escape.measurement(
        rollupMeasurement(contract.name, at.window.name, state),
      );
      return `${measurement},region=${tagValue(at.region)},${escape.tag(seriesTag(contract))}=`;
    };
    this.#heads = { open: head("open"), final: head("final") };
    this.#keys = fields.map(({ name }) =>
      [...ROLLUP_STATISTICS, ...ROLLUP_QUANTILES.map((quantile) => quantile.name)].map(
        (statistic) => `${name}_${statistic}`,
      ),
    );
  }

  open(rollup: Rollup): string {
    return this.#line("open", rollup, "");
  }

  /** @param revision 0 when the window ends, one more each time that late readings changed it. */
  final(rollup: Rollup, revision = 0): string {
    return this.#line("final", rollup, `,${ROLLUP_REVISION}=${revision}i`);
  }

  /** Names and values of the fields, without the revision. */
  values({ count, fields }: Rollup): [string, number][] {
    const values: [string, number][] = [[ROLLUP_COUNT, count]];
    fields.forEach((statistics, at) => {
      if (statistics.count === 0) return;
      const keys = this.#keys[at]!;
      const all = [...ROLLUP_STATISTICS.map((name) => statistics[name]), ...statistics.quantiles];
      // The sum of huge values overflows; the other statistics are still right.
      all.forEach((value, which) => Number.isFinite(value) && values.push([keys[which]!, value]));
    });
    return values;
  }

  #line(state: "open" | "final", rollup: Rollup, end: string): string {
    const fields = this.values(rollup).map(([key, value], at) =>
      at === 0 ? `${key}=${value}i` : `${escape.tag(key)}=${value}`,
    );
    return `${this.#heads[state]}${tagValue(rollup.key)} ${fields.join(",")}${end} ${rollup.startMs}000000`;
  }
}

export interface RollupPlace {
  readonly region: string;
  readonly window: RollupWindow;
}

/** A numeric field of any version of a contract. */
export interface RolledField {
  readonly name: string;
  readonly quantiles: boolean;
}

export interface Rollup {
  /** Value of the partition key. */
  readonly key: string;
  readonly startMs: number;
  readonly count: number;
  /** One per rolled-up field of the contract, in the order the plan lists them. */
  readonly fields: readonly FieldStatistics[];
}
