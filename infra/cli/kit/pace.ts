// How fast long work goes, and how long it will take; pure. The rate is that of the last moments, not of the whole
// work, because what is left goes as fast as it goes now.

/** Work that was done by a time. */
export interface Mark {
  readonly atMs: number;
  readonly done: number;
}

export interface Pace {
  readonly done: number;
  /** Null: nobody knows how much there is. */
  readonly total: number | null;
  readonly perSecond: number;
  /** Time left at that rate, ms; null if it cannot be told. */
  readonly leftMs: number | null;
}

/** The rate is measured over this time, if the work has lasted so long. */
const OVER_MS = 15_000;

/** Adds a mark, and forgets those that no rate is measured from any more. */
export function markedWith(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const oldest = marks.findLastIndex(({ atMs }) => mark.atMs - atMs >= OVER_MS);
  return [...marks.slice(Math.max(0, oldest)), mark];
}

/** @param marks oldest first, at least one. */
export function paceOf(marks: readonly Mark[], total: number | null): Pace {
  const first = marks[0]!;
  const last = marks.at(-1)!;
  const seconds = (last.atMs - first.atMs) / 1000;
  const perSecond = seconds > 0 ? (last.done - first.done) / seconds : 0;
  const left = total === null ? null : Math.max(0, total - last.done);
  const leftMs = left === null || perSecond === 0 ? null : (left / perSecond) * 1000;
  return { done: last.done, total, perSecond, leftMs: left === 0 ? 0 : leftMs };
}

/** The unit of what is counted: things need none. */
export type Counted = "things" | "bytes";

const MB = 1e6;

const number = (value: number): string => Math.round(value).toLocaleString("en");

const short = (value: number): string =>
  value >= 10 || value === 0 ? number(value) : value.toFixed(1);

/** As `replaying rejects: 1,200 of 5,000, 24 %, 80 a second, about 48 s left`. */
export function paceText(what: string, pace: Pace, counted: Counted = "things"): string {
  const { done, total, perSecond, leftMs } = pace;
  const isBytes = counted === "bytes";
  const text = (count: number): string => (isBytes ? short(count / MB) : number(count));
  const unit = isBytes ? " MB" : "";
  const parts = [
    total === null ? `${text(done)}${unit}` : `${text(done)} of ${text(total)}${unit}`,
    ...(total === null || total === 0 ? [] : [`${Math.floor((100 * done) / total)} %`]),
    `${short(isBytes ? perSecond / MB : perSecond)}${unit} a second`,
    ...(leftMs === null ? [] : [`about ${durationText(leftMs)} left`]),
  ];
  if (perSecond === 0 && done !== total) parts.push("nothing moves now");
  return `${what}: ${parts.join(", ")}`;
}

/** One unit is enough for what is an estimate. */
function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
