// Rollups of the hours and days that a refilled time touches, once its minutes are there again.
import { DAY, HOUR } from "../../../contracts/names/measurements.ts";
import type { Sink, Writer } from "../../sinks/sink.ts";
import type { ContractLayout } from "../contract-layout.ts";
import { hourOf } from "../long-hours.ts";
import { dayOf, endsDay, keysOf, longRevisions, nextHour } from "../long-revisions.ts";
import { putUntilStored } from "../put-until-stored.ts";
import type { RefillRange } from "./refill-lane.ts";

interface LongRefill {
  readonly sink: Sink;
  /** Layouts of all contracts that are known. */
  readonly layouts: readonly ContractLayout[];
  readonly progress: { at(now: string): void };
}

/**
 * Merges every hour and day that is over, of every key of the region: finals from before the range, and those of lanes
 * that were left out, count with what was refilled.
 * @returns finals that differed from those stored.
 */
export async function refillLong(
  { sink, layouts, progress }: LongRefill,
  region: string,
  range: RefillRange & { readonly finalThroughMs: number },
  signal: AbortSignal,
): Promise<number> {
  const { longSource } = sink;
  if (!longSource) return 0;
  const { sinceMs, contract, finalThroughMs } = range;
  const wanted = layouts.filter(({ series }) => contract === null || series.name === contract);
  const untilMs = Math.min(hourOf(finalThroughMs), hourOf(range.untilMs - 1) + HOUR.sizeMs);
  const writer: Writer = { signal, held: true };
  let written = 0;
  for (let hourMs = hourOf(sinceMs); hourMs < untilMs && !signal.aborted;) {
    progress.at(`hours of ${region} at ${new Date(hourMs).toISOString().slice(0, 16)}`);
    const isLast = endsDay(hourMs) || hourMs + HOUR.sizeMs === untilMs;
    const withDay = isLast && dayOf(hourMs) + DAY.sizeMs <= finalThroughMs;
    const time = { hourMs, withDay };
    const parts = await keysOf(longSource, wanted, { ...time, region, owns: () => true });
    for (const part of parts) {
      const rollups = await longRevisions(longSource, part, time);
      if (rollups.length === 0) continue;
      if (!(await putUntilStored(sink, { region, lease: writer }, rollups))) return written;
      written += rollups.length;
    }
    const lastMs = untilMs - HOUR.sizeMs;
    hourMs =
      parts.length > 0 || hourMs >= lastMs
        ? hourMs + HOUR.sizeMs
        : await nextHour(longSource, wanted, { region, hourMs, untilMs: lastMs });
  }
  return written;
}
