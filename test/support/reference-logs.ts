// Logs of a lane for the reference evaluator: readings that come early, late, again, in part, or not at all,
// from gateways that start anew.
import fc from "fast-check";
import type { LoggedFrame } from "./reference-evaluator.ts";

/** Less than the engine's minute. */
const REMEMBERED_MS = 50_000;
const START_MS = 1_700_000_000_000;

/** What happens between two frames. */
export const stepOf = fc.record({
  advanceMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 2_500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 10_000, max: 100_000 }) },
  ),
  again: fc.nat({ max: 9 }),
  readings: fc.array(
    fc.record({
      device: fc.constantFrom("a", "b"),
      what: fc.constantFrom("room", "room", "room", "meter", "meter", "again", "online", "offline"),
      value: fc.nat({ max: 10 }),
      other: fc.nat({ max: 10 }),
      /** How long before the frame; some are too late. */
      agoMs: fc.oneof(
        { weight: 6, arbitrary: fc.nat({ max: 900 }) },
        { weight: 2, arbitrary: fc.integer({ min: -3_000, max: 9_000 }) },
      ),
      lacks: fc.nat({ max: 9 }),
      reason: fc.constantFrom("keep_alive", "connection_lost", "disconnect", "will"),
    }),
    { maxLength: 5 },
  ),
});

export type Step = typeof stepOf extends fc.Arbitrary<infer T> ? T : never;

export function logOf(steps: readonly Step[]): LoggedFrame[] {
  let [clock, n, epoch, sequence, total] = [START_MS, 0, 1, 0, 0];
  const sent: LoggedFrame["readings"][number][] = [];
  return steps.map(({ advanceMs, again, readings: wanted }, at) => {
    clock += advanceMs;
    if (again === 0) [n, epoch, total] = [0, epoch + 1, 0];
    n += 1;
    const readings = wanted.map(({ device, what, value, other, agoMs, lacks, reason }) => {
      const ts = clock - agoMs;
      const receivedAtMs = clock - Math.min(Math.max(agoMs, 0), 300);
      const base = { device, version: 1, receivedAtMs, traceparent: null };
      // Longer ago than the engine remembers, a reading without a time of its own is another one.
      const recent = sent.filter((one) => one.receivedAtMs > clock - REMEMBERED_MS);
      if (what === "again" && recent.length > 0)
        return { ...recent[(value * 11 + other) % recent.length]!, receivedAtMs };
      if (what === "meter") {
        const payload = { ts, kind: `k${value % 4}`, ...(lacks === 0 ? {} : { power: other }) };
        return { ...base, contract: "meter", payload };
      }
      if (what === "online" || what === "offline")
        return { ...base, contract: "presence", payload: { ts, state: what, reason } };
      const payload = {
        ...(lacks === 1 ? {} : { ts }),
        seq: (sequence += 1),
        ...(lacks === 2 ? {} : { co2: value }),
        heat: other,
      };
      return { ...base, contract: "room", payload };
    });
    sent.push(...readings);
    total += readings.length;
    const count = readings.length;
    const header = { v: 1, gateway: "g", epoch: `e${epoch}`, n, count, total, clock };
    return { seq: at + 1, storeMs: clock + 5, header, readings };
  });
}
