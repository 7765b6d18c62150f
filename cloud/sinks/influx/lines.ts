// Readings and rollups as InfluxDB line protocol. Pure.
//
// Measurements, tag keys and field keys are escaped once per contract, tags once per device; what is
// left for each reading is concatenation. Points of the client library cost several times as much.
import { escape } from "@influxdata/influxdb-client";
import type { Contract, Field } from "../../../contracts/schema/contract.ts";
import {
  CANARY,
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_REVISION,
  ROLLUP_SKETCH,
  rawMeasurement,
  rollupMeasurement,
} from "../../../contracts/names/measurements.ts";
import { pointTimeNs } from "../../../contracts/messages/reading.ts";
import { tagText } from "../../../contracts/messages/series.ts";
import {
  type CanaryEffect,
  ROLLUP_VALUES,
  type ReadingEffect,
  type RollupEffect,
  type RollupSeries,
  storedProperties,
} from "../effects.ts";

/** Devices whose escaped tags are remembered, per contract and region. */
const DEVICES_CACHED_MAX = 50_000;

const HOUR_MS = 3_600_000;

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

/** A tag value in the form in which InfluxDB gives it back. */
export const storedTag = (value: string): string => value.replace(/\\(?=[,= \n\r\t\\]|$)/g, "%5C");

/** Writes the lines of one region; prepares what is the same for all readings of a contract once. */
export class RegionLines {
  readonly #region: string;
  readonly #readings = new Map<Contract, ReadingLines>();
  readonly #rollups = new Map<RollupSeries, RollupLines>();

  constructor(region: string) {
    this.#region = region;
  }

  reading({ contract, reading, eventMs, slot }: ReadingEffect): string {
    let lines = this.#readings.get(contract);
    if (!lines) this.#readings.set(contract, (lines = new ReadingLines(contract, this.#region)));
    return lines.line(reading.device, reading.payload, pointTimeNs(eventMs, slot));
  }

  /** A point for each lane, gateway and hour, at the start of the hour: canaries overwrite each other. */
  canary({ partition, gateway, sentMs }: CanaryEffect): string {
    const tags = `region=${tagValue(this.#region)},partition=${partition},gateway=${tagValue(gateway)}`;
    const hourMs = Math.floor(sentMs / HOUR_MS) * HOUR_MS;
    return `${CANARY},${tags} sent=${Math.floor(sentMs)}i ${hourMs}000000`;
  }

  rollup(effect: RollupEffect): string {
    const { series } = effect;
    let lines = this.#rollups.get(series);
    if (!lines) this.#rollups.set(series, (lines = new RollupLines(series, this.#region)));
    return lines.line(effect);
  }
}

/** Writes the readings of one contract version. */
class ReadingLines {
  readonly #contract: Contract;
  readonly #head: string;
  readonly #tags: readonly { name: string; key: string }[];
  readonly #fields: readonly FieldKey[];
  readonly #sequenceKey: string | null;
  readonly #deviceHeads = new Map<string, string>();

  constructor(contract: Contract, region: string) {
    const { tags, fields, sequence } = storedProperties(contract);
    const measurement = escape.measurement(rawMeasurement(contract.name));
    this.#contract = contract;
    this.#head = `${measurement},region=${tagValue(region)},device=`;
    this.#tags = tags.map((name) => ({ name, key: escape.tag(name) }));
    this.#fields = fields.map(({ name, type }) => ({ name, type, key: escape.tag(name) }));
    this.#sequenceKey = sequence === null ? null : escape.tag(sequence);
  }

  line(device: string, payload: Readonly<Record<string, unknown>>, timeNs: string): string {
    // Joined at once: lines wait in the queue, and a string grown piece by piece keeps its pieces.
    const text: (string | number)[] = [this.#deviceHead(device)];
    for (const { name, key } of this.#tags) {
      const value = payload[name];
      // An empty tag value is the same as no tag to InfluxDB, and a syntax error on the wire.
      if (value !== undefined && value !== null && value !== "")
        text.push(",", key, "=", tagValue(tagText(value)));
    }
    let separator = " ";
    for (const { name, type, key } of this.#fields) {
      const value = fieldValue(type, payload[name]);
      if (value === null) continue;
      text.push(separator, key, "=", value);
      if (type === "integer") text.push("i");
      separator = ",";
    }
    const sequence = this.#sequenceKey && payload[this.#contract.sequenceProperty!];
    if (typeof sequence === "number") text.push(separator, this.#sequenceKey!, "=", sequence, "i");
    text.push(" ", timeNs);
    return text.join("");
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

function fieldValue(type: Field["type"], value: unknown): string | number | null {
  switch (type) {
    case "number":
    case "integer":
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    case "boolean":
      return typeof value === "boolean" ? (value ? "T" : "F") : null;
    case "string":
      return typeof value === "string" ? escape.quoted(value) : null;
  }
}

/** Writes the rollups of one contract. */
class RollupLines {
  readonly #series: RollupSeries;
  readonly #tags: string;
  /** Measurement and tags up to the partition key's value, by measurement. */
  readonly #heads = new Map<string, string>();
  readonly #tagKeys = new Map<string, string>();
  /** Keys of each field's values, with the comma before; they grow with the series. */
  readonly #keys: string[][] = [];
  readonly #mergeableKeys: { readonly count: string; readonly sketch: string }[] = [];

  constructor(series: RollupSeries, region: string) {
    this.#series = series;
    this.#tags = `,region=${tagValue(region)},${escape.tag(series.tag)}=`;
  }

  line(rollup: RollupEffect): string {
    const { window, revision, key, tags, startMs, count, fields, mergeables = [] } = rollup;
    const state = revision === null ? "open" : "final";
    const head = this.#head(rollupMeasurement(this.#series.name, window.name, state));
    // Joined at once: lines wait in the queue, and a string grown piece by piece keeps its pieces.
    const text: (string | number)[] = [head, tagValue(key)];
    for (const [name, value] of tags) text.push(this.#tagKey(name), tagValue(value));
    text.push(` ${ROLLUP_COUNT}=${count}i`);
    for (let at = 0; at < fields.length; at++) {
      const values = fields[at]!;
      const keys = this.#keysOf(at);
      for (let which = 0; which < values.length; which++) {
        const value = values[which]!;
        // The sum of huge values overflows; the other statistics are still right.
        if (Number.isFinite(value)) text.push(keys[which]!, value);
      }
    }
    for (let at = 0; at < mergeables.length; at++) {
      const { count: ofField, sketch } = mergeables[at]!;
      if (ofField !== null) text.push(this.#mergeableKeysOf(at).count, ofField, "i");
      if (sketch !== null) text.push(this.#mergeableKeysOf(at).sketch, '"', sketch, '"');
    }
    if (revision !== null) text.push(`,${ROLLUP_REVISION}=${revision}i`);
    text.push(` ${startMs}000000`);
    return text.join("");
  }

  #head(measurement: string): string {
    let head = this.#heads.get(measurement);
    if (head === undefined)
      this.#heads.set(measurement, (head = escape.measurement(measurement) + this.#tags));
    return head;
  }

  #tagKey(name: string): string {
    let key = this.#tagKeys.get(name);
    if (key === undefined) this.#tagKeys.set(name, (key = `,${escape.tag(name)}=`));
    return key;
  }

  #mergeableKeysOf(at: number): { readonly count: string; readonly sketch: string } {
    const key = (name: string): string =>
      `,${escape.tag(`${this.#series.fields[at]!.name}_${name}`)}=`;
    return (this.#mergeableKeys[at] ??= {
      count: key(ROLLUP_FIELD_COUNT),
      sketch: key(ROLLUP_SKETCH),
    });
  }

  #keysOf(at: number): readonly string[] {
    const { name } = this.#series.fields[at]!;
    return (this.#keys[at] ??= ROLLUP_VALUES.map((value) => `,${escape.tag(`${name}_${value}`)}=`));
  }
}
