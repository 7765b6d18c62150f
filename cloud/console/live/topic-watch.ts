// Topics as they were last heard on the live lane.
//
// T1. At most TOPICS_MAX are known; the longest silent goes first.
import type { Passed, TopicRow, TopicsDigest } from "../../../contracts/messages/live.ts";

const TOPICS_MAX = 20_000;

export interface KnownTopic {
  readonly topic: string;
  readonly region: string;
  readonly gateway: string;
  readonly count: number;
  readonly lastMs: number;
  readonly payload: string;
  readonly retained: boolean;
  readonly device: string | null;
  readonly mapping: string | null;
  readonly refused: string | null;
  readonly passed: Passed | null;
}

export class TopicWatch {
  readonly #topics = new Map<string, KnownTopic>();

  take(region: string, { gateway, rows }: TopicsDigest): void {
    for (const row of rows) {
      const key = `${region} ${row[0]}`;
      this.#topics.delete(key);
      this.#topics.set(key, known(region, gateway, row));
      if (this.#topics.size > TOPICS_MAX) this.#topics.delete(this.#topics.keys().next().value!); // T1
    }
  }

  /** Topics that begin with a prefix, of a device if one is asked for, in their order; `more` is the number of those beyond the limit. */
  find(of: { prefix: string; region?: string; device?: string; limit: number }): {
    topics: KnownTopic[];
    more: number;
  } {
    const found = [...this.#topics.values()]
      .filter(
        ({ topic, region, device }) =>
          topic.startsWith(of.prefix) &&
          (of.region === undefined || of.region === region) &&
          (of.device === undefined || of.device === device),
      )
      .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0));
    return { topics: found.slice(0, of.limit), more: Math.max(0, found.length - of.limit) };
  }
}

const known = (region: string, gateway: string, row: TopicRow): KnownTopic => {
  const [topic, count, lastMs, payload, retained, device, mapping, refused, passed = null] = row;
  const fate = { mapping, refused, passed };
  return { topic, region, gateway, count, lastMs, payload, retained, device, ...fate };
};
