// A frame of a lane as a value that JSON can hold (pure).
import type { JudgedFrame } from "./judged-frames.ts";

export function frameValue({ seq, storeMs, frame, problem, isRepeated, hole }: JudgedFrame) {
  const judged = { seq, storeMs, isRepeated, problem, hole };
  if (!frame) return { ...judged, header: null, readings: [] };
  const { gateway, epoch, n, count, total, clock } = frame.header;
  return {
    ...judged,
    header: { gateway, epoch, n, count, total, clockMs: clock },
    readings: frame.readings.map(
      ({ device, contract, version, receivedAtMs, traceparent, payload }) => ({
        device,
        contract,
        version,
        receivedAtMs,
        traceparent,
        payload,
      }),
    ),
  };
}
