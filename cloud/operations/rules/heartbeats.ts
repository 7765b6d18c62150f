// Time in a recording that is no region's log (pure): its readings are there, the heartbeats of its gateways
// are not. Without them nothing that waits for something not to happen would ever be due.
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import type { Frame } from "../../../contracts/messages/frame.ts";

export interface RecordedFrame extends Frame {
  readonly seq: number;
  readonly storeMs: number;
}

/** As often as a gateway sends them. */
const BEAT_MS = 1_000;
/** Once nothing waits any more but the end of a maintenance window. */
const SPARSE_MS = 60_000;
/** Late readings and errors of a key are over after ten minutes; the rest is for rounding. */
const WAITS_MS_MIN = 605_000;

/** The longest time after a reading in which something may still come of it. */
export const longestWaitMs = (rules: readonly CompiledRule[]): number =>
  rules.reduce((longest, rule) => {
    const own = [
      rule.resolveAfterMs,
      rule.kind === "absence" ? Math.max(rule.silentMs, rule.lostMs ?? 0) : 0,
      "overMs" in rule ? (rule.overMs ?? 0) + rule.clearForMs : 0,
    ];
    return Math.max(longest, ...own.map((ms) => (ms ?? 0) + WAITS_MS_MIN));
  }, WAITS_MS_MIN);

/** The frames, numbered anew, with an empty one for every second in which nothing came. */
export function* withHeartbeats(
  frames: readonly RecordedFrame[],
  waitMs: number,
): Generator<RecordedFrame> {
  let n = 0;
  let clock: number | null = null;
  const next = (frame: RecordedFrame, at: number): RecordedFrame => {
    n += 1;
    const { readings } = frame;
    const header = { ...frame.header, n, count: readings.length, total: n, clock: at };
    return { seq: n, storeMs: at, header, readings };
  };
  for (const frame of frames) {
    const until = frame.header.clock;
    const sinceMs: number = clock ?? until;
    for (let at = sinceMs + BEAT_MS; at < until;) {
      yield next({ ...frame, readings: [] }, at);
      at += at - sinceMs < waitMs ? BEAT_MS : SPARSE_MS;
    }
    yield next(frame, until);
    clock = until;
  }
}
