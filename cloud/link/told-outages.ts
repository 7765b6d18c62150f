// Outages that were over before a process began to watch the links, as others tell of them (pure): the steward watches
// all the time, and says what it has seen once a second.
//
// T1. Two watchers see one outage with a second's difference: overlapping ones are one.
// T2. Who tells of an outage that lasts knows of it up to the moment of telling, and may have died since.
// T3. Each frame of a lane asks, so the two lists are joined once for each change of either.
import type { Outage } from "./link-history.ts";

interface Joined {
  readonly seen: readonly Outage[];
  readonly all: readonly Outage[];
}

export class ToldOutages {
  readonly #told = new Map<string, readonly Outage[]>();
  /** Joined lists by region (T3). */
  readonly #joined = new Map<string, Joined>();

  /** @param outages by region, as a status has them. @param heardMs epoch ms. */
  take(outages: Readonly<Record<string, readonly Outage[]>> | undefined, heardMs: number): void {
    for (const [region, own] of Object.entries(outages ?? {})) {
      if (!isList(own)) continue;
      const ended = own.filter(isOutage).map(({ fromMs, toMs }) => ({
        ...{ fromMs, toMs: toMs ?? heardMs }, // T2
      }));
      this.#told.set(region, ended);
      this.#joined.delete(region);
    }
  }

  /** Outages that were seen here, and those that were told of; oldest first. */
  with(region: string, seen: readonly Outage[]): readonly Outage[] {
    const told = this.#told.get(region);
    if (told === undefined || told.length === 0) return seen;
    let last = this.#joined.get(region);
    if (last?.seen !== seen) {
      last = { seen, all: joined([...seen, ...told]) };
      this.#joined.set(region, last);
    }
    return last.all;
  }
}

const isList = (said: unknown): said is readonly Outage[] => Array.isArray(said);

const isOutage = ({ fromMs, toMs }: Outage): boolean =>
  Number.isFinite(fromMs) && (toMs === null || Number.isFinite(toMs));

/** T1 */
function joined(all: readonly Outage[]): readonly Outage[] {
  const found: Outage[] = [];
  for (const one of all.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = found.at(-1);
    if (!last || (last.toMs !== null && last.toMs < one.fromMs)) found.push(one);
    else if (last.toMs !== null && (one.toMs === null || one.toMs > last.toMs))
      found[found.length - 1] = { fromMs: last.fromMs, toMs: one.toMs };
  }
  return found;
}
