// Rollups from raw points instead of from the log. Pure.
import type { Row } from "../sinks/influx/client.ts";
import { ROLLUP_REVISION } from "../../contracts/names/measurements.ts";
import type { ContractPlan } from "./plan.ts";
import type { Rollup, RollupPoints } from "./point.ts";
import { SeriesMinute, minuteOf } from "./window.ts";

/**
 * The minutes that hold any of the rows, each with its tens of seconds.
 * @param plan of all versions of the contract. @param rows raw points of one series, in any order.
 */
export function recompute(plan: ContractPlan, key: string, rows: readonly Row[]): SeriesMinute[] {
  // Points are told apart by their time already; only a sequence may be there under two times.
  const identity = plan.contract.identity === "sequence" ? "sequence" : "none";
  const counting = { ...plan, contract: { ...plan.contract, identity } } as const;
  const { contract } = counting;
  const minutes = new Map<number, SeriesMinute>();
  for (const { time, ...payload } of rows) {
    const eventMs = Date.parse(String(time));
    const startMs = minuteOf(eventMs);
    let minute = minutes.get(startMs);
    if (!minute) minutes.set(startMs, (minute = new SeriesMinute(plan.series, key, startMs)));
    const device = String(payload["device"]);
    const reading = { device, payload, version: contract.version, receivedAtMs: eventMs };
    minute.add(counting, { ...reading, contract: contract.name, traceparent: null }, eventMs);
  }
  return [...minutes.values()];
}

/**
 * The line of a final that differs from the one stored, its revision raised; null if it is the same.
 * @param stored the row of the same series and window, if there is one.
 */
export function revise(
  points: RollupPoints,
  rollup: Rollup,
  stored: Row | undefined,
): string | null {
  if (!stored) return points.final(rollup);
  const same = points.values(rollup).every(([name, value]) => stored[name] === value);
  return same ? null : points.final(rollup, Number(stored[ROLLUP_REVISION] ?? 0) + 1);
}
