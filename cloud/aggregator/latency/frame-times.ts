// What is kept of a frame's readings until the store acknowledges them: their times (pure).
import type { ReadingEffect } from "../../sinks/effects.ts";
import type { DeviceSkews } from "./device-skews.ts";
import type { ReadingTimes } from "./latencies.ts";

/** The times of a frame's readings, with the skew of each device's clock taken out. */
export function timesOf(readings: readonly ReadingEffect[], skews: DeviceSkews): ReadingTimes {
  const happenedMs = new Float64Array(readings.length);
  const receivedMs = new Float64Array(readings.length);
  const traced: { at: number; traceparent: string }[] = [];
  for (let at = 0; at < readings.length; at++) {
    const { eventMs, reading } = readings[at]!;
    const { device, receivedAtMs, traceparent } = reading;
    happenedMs[at] = eventMs + skews.observe(device, eventMs, receivedAtMs);
    receivedMs[at] = receivedAtMs;
    if (traceparent !== null) traced.push({ at, traceparent });
  }
  return { happenedMs, receivedMs, traced };
}
