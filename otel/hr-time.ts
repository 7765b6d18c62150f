import type { HrTime } from "@opentelemetry/api";

/**
 * Epoch milliseconds as the SDK's seconds and nanoseconds. A plain number would not do: the SDK takes small ones for
 * times since the start of the process, and a device's clock may say anything.
 */
export const hrTimeOf = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
};
