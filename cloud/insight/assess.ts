// The insight, second by second, from facts (pure).
import { type Facts, statusesOf } from "./facts.ts";
import type { Insight, SinkInsight } from "./insight.ts";
import { problemsOf } from "./problems.ts";
import { RegionHistory, refusingSink } from "./region.ts";
import { sentenceOf, stateOf } from "./sentence.ts";

export class Assessment {
  readonly #regions = new Map<string, RegionHistory>();

  /** The insight at the time of these facts; to be called about once a second, in order. */
  observe(facts: Facts): Insight {
    const { atMs, ledger, alertsFiring } = facts;
    const regions = facts.regions.map((of) => this.#history(of.region).observe(of, facts));
    const processes = facts.processes.map(
      ({ kind, instance, domain, startedMs, heardMs, vitals }) => ({
        ...{ kind, instance, domain, startedMs, vitals },
        silentMs: Math.max(0, atMs - heardMs),
      }),
    );
    const sink = sinkOf(facts);
    const problems = problemsOf(facts, regions, sink);
    const known = { atMs, processes, regions, sink, ledger, alertsFiring, problems };
    return { ...known, state: stateOf(known), sentence: sentenceOf(known) };
  }

  #history(region: string): RegionHistory {
    let history = this.#regions.get(region);
    if (!history) this.#regions.set(region, (history = new RegionHistory()));
    return history;
  }
}

/** Whoever has just started and has not asked the store yet knows nothing of it. */
function sinkOf(facts: Facts): SinkInsight {
  const aggregators = statusesOf(facts, "aggregator");
  const refusing = refusingSink(aggregators);
  if (refusing) return { ...refusing, sinceMs: refusing.sinceMs ?? null };
  const ok = aggregators.find(({ influx }) => influx.state === "ok")?.influx;
  if (ok) return { ...ok, sinceMs: null };
  const detail = aggregators[0]?.influx.detail ?? "no aggregator is heard";
  return { state: "unknown", detail, sinceMs: null };
}
