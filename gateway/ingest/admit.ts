// Admission (pure): bytes + topic → one encoded reading for one partition, or a reject with its
// reason. It decides; it stores nothing.
import type { Catalog } from "../../contracts/catalog.ts";
import { type Contract, violationOf } from "../../contracts/contract.ts";
import { encodeReading } from "../../contracts/frame.ts";
import { partitionOf } from "../../contracts/partition.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/reading.ts";
import type { RejectReason } from "../../contracts/reject.ts";
import { parseTelemetryTopic } from "../../contracts/topics.ts";

/** A device clock may be ahead of the gateway's by this much. */
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000;

export interface AdmissionRules {
  readonly catalog: Catalog;
  readonly partitions: number;
  /** Replaces every contract's age limit, for replaying history; undefined in normal operation. */
  readonly ageMaxMs: number | undefined;
}

export interface Arrival {
  readonly topic: string;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
}

export type Admission =
  | { kind: "reading"; partition: number; encoded: string }
  | {
      kind: "reject";
      reason: RejectReason;
      detail: string;
      device: string | null;
      contract: string | null;
      version: number | null;
    };

/** Never throws on input: whatever a device sends is a reading or a reject. */
export function admit(rules: AdmissionRules, arrival: Arrival): Admission {
  const address = parseTelemetryTopic(arrival.topic);
  if (!address) return reject("unmapped_topic", `topic "${arrival.topic}" carries no telemetry`);
  const { device, contract: name } = address;
  const versions = rules.catalog.versions(name);
  const newest = versions[0];
  if (!newest)
    return reject("unknown_contract", `contract "${name}" is unknown`, { device, contract: name });

  const text = arrival.payload.toString("utf8");
  const payload = parseObject(text);
  if (payload === null)
    return reject("not_json", "the payload is not a JSON object", { device, contract: name });

  const contract = versions.find(({ validate }) => validate(payload));
  if (!contract) {
    newest.validate(payload);
    const at = { device, contract: name, version: newest.version };
    return reject("contract_violation", violationOf(newest), at);
  }
  const refusal = checkTime(rules, contract, payload, arrival.receivedAtMs);
  if (refusal)
    return reject(refusal.reason, refusal.detail, {
      device,
      contract: name,
      version: contract.version,
    });
  return {
    kind: "reading",
    partition: partitionOf(seriesKeyOf(contract, device, payload), rules.partitions),
    encoded: encodeReading({
      device,
      contract: name,
      version: contract.version,
      receivedAtMs: arrival.receivedAtMs,
      traceparent: arrival.traceparent,
      payload: text,
    }),
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function checkTime(
  rules: AdmissionRules,
  contract: Contract,
  payload: Record<string, unknown>,
  receivedAtMs: number,
): { reason: RejectReason; detail: string } | null {
  const timeMs = eventTimeMs(contract, payload, receivedAtMs);
  const property = contract.timeProperty ?? "ts";
  if (!Number.isSafeInteger(timeMs))
    return { reason: "contract_violation", detail: `/${property} is not a time` };
  if (timeMs > receivedAtMs + CLOCK_AHEAD_MAX_MS)
    return { reason: "clock_ahead", detail: `/${property} is ${timeMs - receivedAtMs} ms ahead` };
  const ageMs = receivedAtMs - timeMs;
  const ageMaxMs = rules.ageMaxMs ?? contract.ageMaxMs;
  if (ageMs > ageMaxMs)
    return {
      reason: "clock_behind",
      detail: `/${property} is ${ageMs} ms old, the limit is ${ageMaxMs} ms`,
    };
  return null;
}

const reject = (
  reason: RejectReason,
  detail: string,
  at: { device?: string; contract?: string; version?: number } = {},
): Admission => ({
  kind: "reject",
  reason,
  detail,
  device: at.device ?? null,
  contract: at.contract ?? null,
  version: at.version ?? null,
});
