// A mapped message in words: a line for each reading, with its time, and one for each reject.
import type { Admission } from "../../gateway/ingest/admission.ts";
import { outcomeOf } from "../../gateway/ingest/outcome.ts";
import { readingsOf } from "./mapped.ts";

/** `kitchen climate temperature=21.5 @2026-07-15T09:59:58.000Z`; `@arrival` where the device says no time. */
export function saidReadings(admission: Admission): string[] {
  const readings = readingsOf(admission).map(({ device, contract, payload, atMs }) => {
    const { ts, ...rest } = payload;
    const values = Object.entries(rest)
      .map(([name, value]) => `${name}=${String(value)}`)
      .sort();
    const at =
      ts === undefined ? "arrival" : typeof ts === "string" ? ts : new Date(atMs).toISOString();
    return [device, contract, ...values, `@${at}`].join(" ");
  });
  const rejects = outcomeOf(admission).rejects.map(
    ({ reason, detail, mapping }) => `refused by ${mapping ?? "none"}: ${reason}: ${detail}`,
  );
  return [...readings, ...rejects];
}
