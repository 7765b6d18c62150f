// The insight, second by second, from facts (pure).
import { type Facts, statusesOf } from "./facts.ts";
import type { Insight, SinkInsight } from "./insight.ts";
import { problemsOf } from "./problems.ts";
import { RegionHistory } from "./region.ts";
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

function sinkOf(facts: Facts): SinkInsight {
  const states = statusesOf(facts, "aggregator").map(({ influx }) => influx);
  const refusing = states.find(({ state }) => state === "refusing");
  return refusing ?? states[0] ?? { state: "unknown", detail: "no aggregator is heard" };
}
