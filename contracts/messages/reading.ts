// What every part of the system derives from a reading in the same way: when it happened, and which
// series it belongs to. Which reading it is: identity.ts.
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { Contract } from "../schema/contract.ts";
import { isoTimeMs } from "./iso-time.ts";

type Payload = Readonly<Record<string, unknown>>;

/** A point's timestamp has a million slots under its millisecond: nanoseconds. */
export const SLOTS_PER_MS = 1_000_000;

/**
 * The event time of a reading in epoch milliseconds: the contract's time property (epoch
 * milliseconds or ISO 8601, rounded down to whole ones), else the arrival time. NaN for what is no time.
 */
export function eventTimeMs(contract: Contract, payload: Payload, receivedAtMs: number): number {
  const value = contract.timeProperty === undefined ? undefined : payload[contract.timeProperty];
  if (value === undefined) return receivedAtMs;
  if (typeof value === "number") return Math.floor(value);
  return typeof value === "string" ? isoTimeMs(value) : Number.NaN;
}

/** The value that decides the lane and, with region and contract, names the series. */
export const seriesKeyOf = (contract: Contract, device: string, payload: Payload): string =>
  contract.partitionKey === "device" ? device : String(payload[contract.partitionKey]);

/** SHA-256 over RFC 8785 canonical JSON, as hex: equal readings hash equal however they were spelt. */
export const contentHash = (payload: Payload): string =>
  createHash("sha256")
    .update(canonicalize(payload) ?? "")
    .digest("hex");

/** The timestamp of a reading's point in nanoseconds, as text: a number would lose digits. */
export const pointTimeNs = (eventMs: number, slot: number): string =>
  eventMs > 0
    ? `${eventMs}${String(slot).padStart(6, "0")}`
    : String(BigInt(eventMs) * BigInt(SLOTS_PER_MS) + BigInt(slot));
