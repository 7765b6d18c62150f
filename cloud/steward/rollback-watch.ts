// When to hold the hub's copies of a region against its streams beside the schedule, from one insight to the next (pure).
//
// K1. A log that ends before a place where its copy ended a moment ago went back: looked at once.
// K2. A store goes back only while its server is down, and the link with it: once that is up again everything is compared, also
//     at the place where the copy stood then, which the log may have passed meanwhile.
// K3. What a process of the region has moved on is looked at at once, so that nobody is told of it for longer than it lasts.
import { type HubCopy, openRollbacks } from "../../contracts/messages/copy.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { RegionInsight } from "../insight/insight.ts";

/** An observation of a region's log that is older says nothing about now. */
const FRESH_MS = 5_000;

/** The finding after which the region has moved a stream on; null if nobody there says so. */
export type WentOn = (region: string, stream: string) => number | null;

interface Seen {
  readonly isUp: boolean;
  readonly copySeq: number;
}

export class RollbackWatch {
  readonly #seen = new Map<string, Seen>();
  /** The last places at which copies stood when the link came back, by region. */
  readonly #suspects = new Map<string, number>();

  /** A number at which the copy stood when the region was away; null if it never was. */
  suspectOf(region: string): number | null {
    return this.#suspects.get(region) ?? null;
  }

  /** True if the region is to be looked at now. */
  observe(
    { region, link, log, copy }: Pick<RegionInsight, "region" | "link" | "log" | "copy">,
    nowMs: number,
    told: { readonly copy: HubCopy | null; readonly wentOn: WentOn },
  ): boolean {
    if (!copy) return false;
    const before = this.#seen.get(region);
    const isUp = link?.up === true && log !== null && nowMs - log.atMs < FRESH_MS;
    // Where it stood while nothing came is kept until the region is heard again.
    const copySeq = isUp || !before ? copy.lastSeq : before.copySeq;
    this.#seen.set(region, { isUp, copySeq });
    if (!isUp) return false;
    const isBack = before !== undefined && !before.isUp;
    if (isBack) this.#suspects.set(region, before.copySeq); // K2
    const wentBack = before !== undefined && log.lastSeq < before.copySeq; // K1
    const open = told.copy ? openRollbacks(told.copy, region) : [];
    const isTold = open.some(({ stream }) => stream === telemetryStream(region));
    const isMended = open.some((one) => told.wentOn(region, one.stream) === one.foundAtMs); // K3
    return isBack || isMended || (wentBack && !isTold);
  }
}
