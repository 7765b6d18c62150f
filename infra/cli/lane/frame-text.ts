// Frames in words, for people and for programs (pure).
import { printable } from "../../../platform/runtime/printable.ts";
import type { FrameReading } from "../../../contracts/messages/frame.ts";
import { holeText } from "../../../platform/nats/lanes/lane.ts";
import { ago, count, duration, instant } from "../../../cloud/operations/words.ts";
import type { JudgedFrame } from "../../../cloud/operations/lanes/judged-frames.ts";

/** A line of the frame, then one of each reading. */
export function frameLines(judged: JudgedFrame, nowMs: number): string[] {
  const { seq, storeMs, frame, problem, isRepeated, hole } = judged;
  const stored = `#${seq}  ${instant(storeMs)}  ${ago(storeMs, nowMs)}`;
  if (!frame) return [`${stored}  cannot be decoded: ${problem}`];
  const { gateway, epoch, n, count: readings } = frame.header;
  const origin = `gateway ${printable(gateway)}  epoch ${printable(epoch)}  n ${n}`;
  const head = [stored, origin, count(readings, "reading"), ...(isRepeated ? ["repeated"] : [])];
  return [
    ...(hole ? [`  hole: ${holeText(hole)} are missing here`] : []),
    head.join("  "),
    ...frame.readings.map((reading) => readingLine(reading, storeMs)),
  ];
}

function readingLine(
  { device, contract, version, receivedAtMs, payload }: FrameReading,
  storeMs: number,
): string {
  const received = `received ${duration(storeMs - receivedAtMs)} before`;
  const what = `${printable(device)}  ${printable(contract)} v${version}`;
  return `    ${what}  ${received}  ${printable(JSON.stringify(payload))}`;
}

/** The same as one line of JSON. */
export function frameJson({ frame, ...judged }: JudgedFrame): string {
  if (!frame) return JSON.stringify(judged);
  const { v: _v, clock: clockMs, ...header } = frame.header;
  return JSON.stringify({ ...judged, ...header, clockMs, readings: frame.readings });
}
