// The link of one region as the hub knows it: up or down since when, and its outages (pure).
//
// K1. A link is down once its region has been silent for SILENT_MS: an idle mirror hears a heartbeat every
//     second. It is down since the region was heard last.
// K2. A mirror that tries again looks for a moment as if it had heard something. So a link is up again only
//     once a message came, or HEARD_TWICE times in a row something was heard that was not known yet.
// K3. No answer about the mirror says nothing about the link: its state stays what it was.

/** The word of a mirror about its origin. */
export interface LinkSample {
  /** The time of asking, epoch ms. */
  readonly atMs: number;
  /** Time since the region was heard, ms; Infinity if it never was. */
  readonly heardMs: number;
  /** The last sequence that the mirror holds. */
  readonly lastSeq: number;
}

export interface Outage {
  /** The region was heard last before it, epoch ms of the hub's clock. */
  readonly fromMs: number;
  /** The first time that it was found to be up again; null while it lasts. */
  readonly toMs: number | null;
}

export interface LinkState {
  readonly up: boolean;
  /** Since when it is up, or down; epoch ms. */
  readonly sinceMs: number;
  /** The time of the last sample, epoch ms: an older state is as good as that. */
  readonly seenMs: number;
  /** Oldest first, at most OUTAGES_KEPT. */
  readonly outages: readonly Outage[];
}

/** Longer than a few heartbeats: a WAN that lost packets for a moment is not down. */
export const SILENT_MS = 4_000;
const HEARD_TWICE = 2;
/** Two times of hearing that are nearer than this are one: both are computed from an age. */
const SAME_MS = 200;
/** Past it the two outages that are nearest to each other are told as one. */
export const OUTAGES_KEPT = 64;

export class LinkHistory {
  #state: LinkState | null = null;
  #lastSeq = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** Samples in a row that had heard something new. */
  #news = 0;

  /** Null until the first sample. */
  get state(): LinkState | null {
    return this.#state;
  }

  observe({ atMs, heardMs, lastSeq }: LinkSample): LinkState {
    const heardAtMs = atMs - heardMs;
    // A copy that is made again begins anew.
    const came = this.#state !== null && lastSeq > this.#lastSeq;
    this.#news = heardAtMs > this.#heardAtMs + SAME_MS ? this.#news + 1 : 0;
    const before = this.#state ?? beginning(atMs, heardAtMs, heardMs < SILENT_MS);
    this.#state = before.up
      ? wentDown(before, atMs, heardMs, Math.min(heardAtMs, atMs))
      : cameUp(before, atMs, came || this.#news >= HEARD_TWICE); // K2
    this.#lastSeq = lastSeq;
    this.#heardAtMs = heardAtMs;
    return this.#state;
  }
}

/** True of a moment within an outage. */
export function isDuring(outages: readonly Outage[], atMs: number): boolean {
  for (let at = outages.length - 1; at >= 0; at--) {
    const { fromMs, toMs } = outages[at]!;
    if (atMs >= fromMs) return toMs === null || atMs <= toMs;
  }
  return false;
}

/** True of what left before an outage began, and came behind its end. */
export function hasCrossed(outages: readonly Outage[], leftMs: number, arrivedMs: number): boolean {
  for (let at = outages.length - 1; at >= 0; at--) {
    const { fromMs, toMs } = outages[at]!;
    if (leftMs >= fromMs) return false;
    if (arrivedMs >= (toMs ?? fromMs)) return true;
  }
  return false;
}

function beginning(atMs: number, heardAtMs: number, up: boolean): LinkState {
  if (up) return { up, sinceMs: atMs, seenMs: atMs, outages: [] };
  const fromMs = Number.isFinite(heardAtMs) ? heardAtMs : atMs;
  return { up, sinceMs: fromMs, seenMs: atMs, outages: [{ fromMs, toMs: null }] };
}

function wentDown(before: LinkState, atMs: number, heardMs: number, fromMs: number): LinkState {
  if (heardMs < SILENT_MS) return { ...before, seenMs: atMs };
  const sinceMs = Number.isFinite(fromMs) ? Math.max(fromMs, before.sinceMs) : atMs; // K1
  const outages = kept([...before.outages, { fromMs: sinceMs, toMs: null }]);
  return { up: false, sinceMs, seenMs: atMs, outages };
}

function cameUp(before: LinkState, atMs: number, isHeard: boolean): LinkState {
  if (!isHeard) return { ...before, seenMs: atMs };
  const outages = before.outages.map((one) => (one.toMs === null ? { ...one, toMs: atMs } : one));
  return { up: true, sinceMs: atMs, seenMs: atMs, outages };
}

function kept(outages: readonly Outage[]): readonly Outage[] {
  if (outages.length <= OUTAGES_KEPT) return outages;
  const gapMs = (at: number): number => outages[at]!.fromMs - outages[at - 1]!.toMs!;
  let nearest = 1;
  for (let at = 2; at < outages.length; at++) if (gapMs(at) < gapMs(nearest)) nearest = at;
  const one = { fromMs: outages[nearest - 1]!.fromMs, toMs: outages[nearest]!.toMs };
  return [...outages.slice(0, nearest - 1), one, ...outages.slice(nearest + 1)];
}
