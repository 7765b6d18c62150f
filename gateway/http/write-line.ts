// A point of line protocol as a reading (pure): whose it is, under which contract, and its payload.
//
// W1. The contract is the measurement. The device is the tag `device`, else whoever sends if that is a device, else the
//     tag `host`. Every other tag and every field is a property of its own name, and nothing is converted.
// W2. The time goes into the contract's time property, in milliseconds, or as ISO 8601 where it has more digits and the
//     contract takes text. A point without one gets the time of arrival, as InfluxDB gives it.
// W3. What is no contract's goes to the mapping table whole, on the topic `influx/{measurement}/{device}`.
import { deviceIdProblem } from "../../contracts/device.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { exactText } from "../ingest/codecs/exact-json.ts";
import {
  type FieldValue,
  type Line,
  LineFault,
  type Point,
  parseLine,
} from "../ingest/codecs/line-protocol.ts";
import type { Element } from "./intake.ts";

const NS_PER_MS = 1_000_000n;
/** The last millisecond that is a date (ECMA-262, 21.4.1.1). */
const DATE_MAX_MS = 8.64e15;

export interface WriteRules {
  readonly catalog: Pick<Catalog, "versions">;
  /** The device that sends, if it is one. */
  readonly sender: string | undefined;
  readonly nsOfUnit: bigint;
  readonly nowMs: number;
}

/** The message of a line, and what is wrong with it if it is none. */
export interface WrittenLine {
  readonly line: Line;
  readonly element: Element;
  readonly fault: string | null;
}

export function writtenLine(rules: WriteRules, line: Line): WrittenLine {
  const point = parseLine(line.bytes, rules.nsOfUnit);
  const device = deviceOf(point, rules.sender);
  if (point instanceof LineFault) {
    const topic = mappedTopic(point.measurement ?? "", device);
    return { line, element: { topic, payload: line.bytes }, fault: point.detail };
  }
  const { measurement } = point;
  const versions = rules.catalog.versions(measurement);
  if (device === null || deviceIdProblem(device) !== null || versions.length === 0) {
    const why =
      device === null ? "it names no device: a tag device or host, or log in as one" : null;
    const element = { topic: mappedTopic(measurement, device), payload: wholePoint(point) };
    return { line, element, fault: why };
  }
  const payload = payloadOf(point, device, versions[0]!, rules.nowMs);
  return { line, element: { topic: telemetryTopic(device, measurement), payload }, fault: null };
}

function deviceOf({ tags }: Pick<Point, "tags">, sender: string | undefined): string | null {
  return tags.get("device") ?? sender ?? tags.get("host") ?? null;
}

/** A level of a topic has no separator and no wildcard of topics. */
const level = (text: string | null): string =>
  text === null || text === ""
    ? "-"
    : text
        .slice(0, 128)
        .replace(/[/+#\0]/g, "_")
        .toWellFormed();

const mappedTopic = (measurement: string, device: string | null): string =>
  `influx/${level(measurement)}/${level(device)}`;

/** W1, W2. */
function payloadOf(
  { tags, fields, timeNs }: Point,
  device: string,
  contract: Contract,
  nowMs: number,
): Buffer {
  const members = new Map<string, FieldValue>();
  for (const [name, value] of tags)
    if (name !== "device" && !(name === "host" && value === device)) members.set(name, value);
  for (const [name, value] of fields) members.set(name, value);
  const { timeProperty } = contract;
  if (timeProperty !== undefined && !members.has(timeProperty))
    members.set(
      timeProperty,
      timeOf(contract, members, timeProperty, timeNs ?? BigInt(nowMs) * NS_PER_MS),
    );
  return Buffer.from(jsonOf(members));
}

function timeOf(
  { validate }: Contract,
  members: ReadonlyMap<string, FieldValue>,
  property: string,
  timeNs: bigint,
): number | string {
  const ms = Number(timeNs / NS_PER_MS);
  const text = timeNs % NS_PER_MS === 0n ? null : isoTime(timeNs);
  if (text === null) return ms;
  const takesText: boolean = validate({ ...Object.fromEntries(members), [property]: text });
  return takesText ? text : ms;
}

/** ISO 8601 with nanoseconds, or null for what is beyond every date. */
function isoTime(timeNs: bigint): string | null {
  const rest = ((timeNs % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
  const ms = Number((timeNs - rest) / NS_PER_MS);
  if (Math.abs(ms) > DATE_MAX_MS) return null;
  return new Date(ms).toISOString().replace("Z", `${String(rest).padStart(6, "0")}Z`);
}

/** The point for the mapping table: measurement, tags, fields and time, as InfluxDB speaks of them. */
function wholePoint({ measurement, tags, fields, timeNs }: Point): Buffer {
  const time = timeNs === null ? null : isoTime(timeNs);
  const parts = [
    `"measurement":${JSON.stringify(measurement)}`,
    `"tags":${jsonOf(tags)}`,
    `"fields":${jsonOf(fields)}`,
    ...(time === null ? [] : [`"time":${JSON.stringify(time)}`]),
  ];
  return Buffer.from(`{${parts.join(",")}}`);
}

const jsonOf = (members: ReadonlyMap<string, FieldValue>): string =>
  exactText(Object.fromEntries(members));
