// Readings that say they are one that was counted already, but hold something else: the first in log
// order stays, the other is kept as a reject (DESIGN.md, section 5, "Identity on disk").
//
// Only contracts with a sequence can have them: otherwise the content is the identity. What comes after
// its window has closed is not looked at here: at the same time and slot it replaces the first.
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { MINUTE, rawMeasurement } from "../../contracts/names/measurements.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import { type InfluxClient, type Row, quote, quoteName } from "../sinks/influx/client.ts";
import type { LogEntry } from "../../platform/nats/client/stream-reader.ts";
import type { Unstored } from "./lane-rejects.ts";
import type { ContractPlan, Plans } from "./plan.ts";
import { storedTag } from "./point.ts";
import { minuteOf } from "./window.ts";

/** How far back the first copy of a reading without a time of its own may lie (arrivals.ts). */
const BACK_MS = 2 * MINUTE.sizeMs;

/**
 * Which of these repeats are none: compared with what InfluxDB holds of the first copies.
 * @param places of the repeats in their frame.
 */
export async function findConflicts(
  influx: Pick<InfluxClient, "query">,
  plans: Pick<Plans, "get" | "region">,
  entry: LogEntry,
  places: readonly number[],
): Promise<Unstored[]> {
  const { readings } = decodeFrame(entry.data);
  const conflicts: Unstored[] = [];
  for (const place of places) {
    const reading = readings[place]!;
    const plan = plans.get(reading.contract, reading.version);
    if (plan?.contract.identity !== "sequence") continue;
    const { device, payload, receivedAtMs } = reading;
    const sequence = payload[plan.contract.sequenceProperty!] as number;
    const startMs = minuteOf(eventTimeMs(plan.contract, payload, receivedAtMs));
    const rows = await influx.query(
      `SELECT * FROM ${quoteName(rawMeasurement(reading.contract))}` +
        ` WHERE "region" = ${quote(plans.region)} AND "device" = ${quote(storedTag(device))}` +
        ` AND ${quoteName(plan.contract.sequenceProperty!)} = ${sequence}` +
        ` AND time >= ${startMs - BACK_MS}ms AND time < ${startMs + MINUTE.sizeMs}ms`,
    );
    if (rows.some((row) => isSame(plan, row, payload))) continue;
    const detail =
      `sequence ${sequence} of device ${device} came before with other content, ` +
      "which is stored; this one is not";
    conflicts.push({ place, reason: "identity_conflict", detail });
  }
  return conflicts;
}

/** Tags and fields as they would be stored; of the time, what the device said itself. */
function isSame(
  { contract }: ContractPlan,
  row: Row,
  payload: Readonly<Record<string, unknown>>,
): boolean {
  const { timeProperty } = contract;
  const ownTime = timeProperty !== undefined && payload[timeProperty] !== undefined;
  if (ownTime && Math.floor(eventTimeMs(contract, payload, 0)) !== Date.parse(String(row["time"])))
    return false;
  // Tags come back as text, whatever they were.
  return contract.fields.every(({ name }) => textOf(row[name]) === textOf(payload[name]));
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);
