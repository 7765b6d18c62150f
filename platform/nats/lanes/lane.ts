// A lane as a pure state machine: which frames are new, and how far event time has come.
//
// L1. A frame is counted once: its (gateway, epoch, n) is remembered, a repeat is named as one.
// L2. n has no holes within an epoch, and an unknown epoch starts at 1; anything else is a hole,
//     which must stop the lane: readings that were acknowledged are missing before it.
// L3. The watermark never goes back, and is a function of the log alone: device clocks and the
//     reader's clock have no part in it, so a replay sees the same watermark at the same frame.
// L4. A gateway whose last frame is GATEWAY_SILENT_MS older than the lane's newest, by store time,
//     no longer holds the watermark back.
// L5. What was lost stays known as lost: a frame of it that comes all the same is new. So a frame that lies
//     about its number costs a false loss, and none of the frames that its gateway writes afterwards.
// L6. The marks are bounded: frames of invented gateways must not outgrow a position.
import type { FrameHeader } from "../../../contracts/messages/frame.ts";
import type { LaneTally } from "../../../contracts/messages/ledger.ts";

/** The lateness up to which a reading still counts in its open window. */
export const LATENESS_MS = 5_000;
export const GATEWAY_SILENT_MS = 30_000;

/** Frames of a killed gateway may land after the first ones of its next start. */
const EPOCHS_REMEMBERED = 4;
/** Those that were heard last; beyond them a repeat is told by the identity of its readings (L6). */
const GATEWAYS_REMEMBERED = 256;
const LOST_RANGES_REMEMBERED = 8;

/** Numbers of frames: the first, and the one behind the last. */
type FrameRange = readonly [fromN: number, untilN: number];

interface EpochMark {
  readonly epoch: string;
  readonly n: number;
  /** Readings of this epoch up to this frame; positions of earlier versions lack it. */
  readonly total?: number;
  /** Frames before `n` that were lost, newest range first (L5). */
  readonly lost?: readonly FrameRange[];
}

interface GatewayMark {
  /** Newest first. */
  readonly epochs: readonly EpochMark[];
  /** min(frame clock, store time) of its last frame, epoch ms. */
  readonly clockMs: number;
  readonly storeMs: number;
}

/** Immutable, so that a position can keep the state of an earlier frame for nothing. */
export interface LaneState {
  readonly watermarkMs: number;
  readonly newestStoreMs: number;
  readonly gateways: Readonly<Record<string, GatewayMark>>;
  /** The readings that its log holds up to here (lane-tally.ts); positions of earlier versions lack it. */
  readonly tally?: LaneTally;
  /** The lane whose marks these are, where it is not one with which the log began. */
  readonly of?: number;
}

export const EMPTY_LANE: LaneState = { watermarkMs: 0, newestStoreMs: 0, gateways: {} };

/** Frames that should be before one that came. */
export interface Hole {
  readonly gateway: string;
  readonly epoch: string;
  /** The first that is missing, and the one that came instead. */
  readonly fromN: number;
  readonly untilN: number;
  /** Readings of the epoch before them, and in them; null where that is not known. */
  readonly totalBefore: number | null;
  readonly readings: number | null;
  /** Store time of the last frame before them, epoch ms. */
  readonly sinceMs: number;
}

/** A frame that counts. */
interface NewFrame {
  readonly kind: "new";
  /** The lane with it. */
  readonly state: LaneState;
  /** Readings of its epoch by the frame before it; null where that is not known, as for the first one. */
  readonly totalBefore: number | null;
  /** True if it was taken for lost (L5). */
  readonly wasLost: boolean;
}

export type FrameVerdict = NewFrame | { kind: "repeated" } | { kind: "hole"; hole: Hole };

/**
 * Judges the next frame of a lane.
 * @param storeMs when JetStream stored the frame, epoch ms: the same in every mirror.
 * @param joined true while the reader has not seen the start of the log (it was trimmed): then an
 *   unknown epoch may begin anywhere (L2 holds from there on).
 */
export function judgeFrame(
  state: LaneState,
  header: FrameHeader,
  storeMs: number,
  joined = false,
): FrameVerdict {
  const mark = Object.hasOwn(state.gateways, header.gateway)
    ? state.gateways[header.gateway]
    : undefined;
  const known = mark?.epochs.find(({ epoch }) => epoch === header.epoch);
  if (known && header.n <= known.n) {
    const lost = withoutFrame(known.lost ?? [], header.n);
    if (lost === null) return { kind: "repeated" }; // L1
    const marked = withMark(state, header, storeMs, mark, { ...known, lost });
    return { kind: "new", state: marked, totalBefore: null, wasLost: true }; // L5
  }
  const expected = (known?.n ?? 0) + 1;
  if (header.n !== expected && (known || !joined))
    return { kind: "hole", hole: holeBefore(state, header, known, mark) }; // L2

  const newest = { epoch: header.epoch, n: header.n, total: header.total, ...lostOf(known) };
  const totalBefore = known?.total ?? null;
  const marked = withMark(state, header, storeMs, mark, newest);
  return { kind: "new", state: marked, totalBefore, wasLost: false };
}

/** True if a frame was counted in this lane, null if it may be one that its marks have forgotten (L6). */
export function hasCounted(
  { gateways }: Pick<LaneState, "gateways">,
  { gateway, epoch, n }: FrameHeader,
): boolean | null {
  const mark = Object.hasOwn(gateways, gateway) ? gateways[gateway] : undefined;
  if (!mark) return Object.keys(gateways).length < GATEWAYS_REMEMBERED ? false : null;
  const known = mark.epochs.find((one) => one.epoch === epoch);
  if (!known) return mark.epochs.length < EPOCHS_REMEMBERED ? false : null;
  return n <= known.n && withoutFrame(known.lost ?? [], n) === null;
}

const lostOf = (mark: EpochMark | undefined): Pick<EpochMark, "lost"> =>
  mark?.lost && mark.lost.length > 0 ? { lost: mark.lost } : {};

/** The lane after a frame that counts. */
function withMark(
  state: LaneState,
  header: FrameHeader,
  storeMs: number,
  mark: GatewayMark | undefined,
  newest: EpochMark,
): LaneState {
  const gateway: GatewayMark = {
    epochs: withEpoch(mark, newest),
    clockMs: Math.min(header.clock, storeMs),
    storeMs,
  };
  const gateways = withGateway(state.gateways, header.gateway, gateway);
  const newestStoreMs = Math.max(state.newestStoreMs, storeMs);
  const watermarkMs = Math.max(
    state.watermarkMs,
    slowestClock(gateways, newestStoreMs) - LATENESS_MS,
  );
  return { ...state, watermarkMs, newestStoreMs, gateways };
}

/** The marks with one gateway's; of too many, the one that was heard longest ago goes (L6). */
function withGateway(
  gateways: LaneState["gateways"],
  id: string,
  mark: GatewayMark,
): LaneState["gateways"] {
  const all = { ...gateways, [id]: mark };
  const ids = Object.keys(all);
  if (ids.length <= GATEWAYS_REMEMBERED) return all;
  const oldest = ids.reduce((a, b) => (all[b]!.storeMs < all[a]!.storeMs ? b : a));
  const { [oldest]: _, ...others } = all;
  return others;
}

const withEpoch = (mark: GatewayMark | undefined, newest: EpochMark): EpochMark[] => {
  const others = mark?.epochs.filter(({ epoch }) => epoch !== newest.epoch) ?? [];
  return [newest, ...others].slice(0, EPOCHS_REMEMBERED);
};

/** Ranges without one frame; null if none of them holds it. */
function withoutFrame(ranges: readonly FrameRange[], n: number): readonly FrameRange[] | null {
  const at = ranges.findIndex(([fromN, untilN]) => n >= fromN && n < untilN);
  if (at === -1) return null;
  const [fromN, untilN] = ranges[at]!;
  const rest: FrameRange[] = [
    [n + 1, untilN],
    [fromN, n],
  ];
  const left = rest.filter(([from, until]) => from < until);
  return [...ranges.slice(0, at), ...left, ...ranges.slice(at + 1)].slice(
    0,
    LOST_RANGES_REMEMBERED,
  );
}

function holeBefore(
  state: LaneState,
  header: FrameHeader,
  known: EpochMark | undefined,
  mark: GatewayMark | undefined,
): Hole {
  const totalBefore = known ? (known.total ?? null) : 0;
  return {
    gateway: header.gateway,
    epoch: header.epoch,
    fromN: (known?.n ?? 0) + 1,
    untilN: header.n,
    totalBefore,
    readings: totalBefore === null ? null : readingsBetween(totalBefore, header),
    sinceMs: mark?.storeMs ?? state.newestStoreMs,
  };
}

/** Readings between a total and a later frame; null where the frame's own total cannot be right. */
export function readingsBetween(
  totalBefore: number,
  { total, count }: Pick<FrameHeader, "total" | "count">,
): number | null {
  const readings = total - count - totalBefore;
  return readings >= 0 ? readings : null;
}

/** The lane as if the frames of a hole had come: only where nobody knows of any that will (L5). */
export function jumpOver(state: LaneState, hole: Hole): LaneState {
  const { gateway, epoch, fromN, untilN, sinceMs } = hole;
  const mark = Object.hasOwn(state.gateways, gateway) ? state.gateways[gateway] : undefined;
  const known = mark?.epochs.find((each) => each.epoch === epoch);
  const range: FrameRange = [fromN, untilN];
  const lost = [range, ...(known?.lost ?? [])].slice(0, LOST_RANGES_REMEMBERED);
  const jumped = {
    clockMs: mark?.clockMs ?? sinceMs,
    storeMs: mark?.storeMs ?? sinceMs,
    epochs: withEpoch(mark, { epoch, n: untilN - 1, lost }),
  };
  return { ...state, gateways: withGateway(state.gateways, gateway, jumped) };
}

/** Names a hole for people. */
export const holeText = ({ gateway, epoch, fromN, untilN, readings }: Hole): string =>
  `frames ${fromN} to ${untilN - 1} of gateway ${gateway}, epoch ${epoch}` +
  (readings === null ? "" : `, ${readings} readings`);

function slowestClock(
  gateways: Readonly<Record<string, GatewayMark>>,
  newestStoreMs: number,
): number {
  let slowestMs = Number.POSITIVE_INFINITY;
  for (const id in gateways) {
    const { clockMs, storeMs } = gateways[id]!;
    if (storeMs < newestStoreMs - GATEWAY_SILENT_MS) continue; // L4
    slowestMs = Math.min(slowestMs, clockMs);
  }
  return slowestMs;
}
