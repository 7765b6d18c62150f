// Readings that say they are one that was counted already, but hold something else: the first in log
// order stays, the other is kept as a reject.
//
// Only contracts with a sequence can have them: otherwise the content is the identity. What comes after
// its window has closed is not looked at here: at the same time and slot it replaces the first.
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { isOfRecord } from "../../platform/runtime/errors.ts";
import type { LogEntry } from "../../platform/nats/client/stream-reader.ts";
import type { ConflictSource, StoredReading } from "../sinks/sink.ts";
import type { Unstored } from "./lane-rejects.ts";
import type { ContractLayouts } from "./contract-layout.ts";
import { minuteOf } from "./window.ts";

/** The first copy of a reading without a time of its own may lie this far back (arrivals.ts/R1). */
const BACK_MS = 2 * MINUTE.sizeMs;

export interface FoundConflicts {
  /** Repeats that hold something else than their first copies, which the sink has. */
  readonly conflicts: readonly Unstored[];
  /** Repeats about which the sink refuses the question: asking again would not help. */
  readonly refused: readonly { readonly place: number; readonly why: unknown }[];
}

/**
 * Compares repeats with their first copies.
 * @param places of the repeats in their frame.
 * @throws AppError (retry) if the sink cannot answer now.
 */
export async function findConflicts(
  source: ConflictSource,
  layouts: Pick<ContractLayouts, "get" | "region">,
  entry: LogEntry,
  places: readonly number[],
): Promise<FoundConflicts> {
  const { readings } = decodeFrame(entry.data);
  const { region } = layouts;
  const conflicts: Unstored[] = [];
  const refused: { place: number; why: unknown }[] = [];
  for (const place of places) {
    const reading = readings[place]!;
    const contract = layouts.get(reading.contract, reading.version)?.contract;
    if (contract?.identity !== "sequence") continue;
    const { device, payload, receivedAtMs } = reading;
    const sequence = payload[contract.sequenceProperty!] as number;
    const startMs = minuteOf(eventTimeMs(contract, payload, receivedAtMs));
    const range = { fromMs: startMs - BACK_MS, toMs: startMs + MINUTE.sizeMs };
    const asked = source.ofSequence({ region, contract, device, sequence, ...range });
    const stored = await asked.catch((why: unknown) => {
      if (!isOfRecord(why)) throw why;
      refused.push({ place, why });
      return null;
    });
    if (!stored || stored.some((first) => isSame(contract, first, payload))) continue;
    const detail =
      `sequence ${sequence} of device ${device} came before with other content, ` +
      "which is stored; this one is not";
    conflicts.push({ place, reason: "identity_conflict", detail });
  }
  return { conflicts, refused };
}

/** Compares tags and fields as they would be stored, and the time if the device gave one itself. */
function isSame(
  contract: Contract,
  stored: StoredReading,
  payload: Readonly<Record<string, unknown>>,
): boolean {
  const { timeProperty } = contract;
  const ownTime = timeProperty !== undefined && payload[timeProperty] !== undefined;
  if (ownTime && Math.floor(eventTimeMs(contract, payload, 0)) !== stored.eventMs) return false;
  // Tags come back as text, whatever they were.
  return contract.fields.every(
    ({ name }) => textOf(stored.payload[name]) === textOf(payload[name]),
  );
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);
