// A store of finals in memory, as the job for rollups of hours and days asks and writes one.
import { rollupValues } from "../../cloud/sinks/effects.ts";
import type { KeyedRollup, LongSource, Sink, SinkItem, Writer } from "../../cloud/sinks/sink.ts";
import { seriesText } from "../../contracts/messages/series.ts";
import { AppError } from "../../platform/runtime/errors.ts";

interface Final extends KeyedRollup {
  readonly contract: string;
  readonly window: string;
}

export class LongStore implements LongSource {
  readonly #finals = new Map<string, Final>();
  /** Keys whose questions are refused. */
  readonly refusedKeys = new Set<string>();
  /** False while it is away. */
  isThere = true;
  asked = 0;
  written: string[] = [];

  get sink(): Pick<Sink, "put" | "longSource"> {
    return { longSource: this, put: (item, writer) => this.#put(item, writer) };
  }

  add(final: Final): void {
    const { contract, window, key, tags, startMs } = final;
    this.#finals.set(`${contract} ${window} ${startMs} ${seriesText(key, tags)}`, final);
  }

  finals(window: string): Final[] {
    return [...this.#finals.values()].filter((final) => final.window === window);
  }

  keys(range: Parameters<LongSource["keys"]>[0], window: { name: string }): Promise<string[]> {
    this.#ask();
    return Promise.resolve([...new Set(this.#within(range, window).map(({ key }) => key))]);
  }

  firstFinal(
    range: Parameters<LongSource["firstFinal"]>[0],
    window: { name: string },
  ): Promise<number | null> {
    this.#ask();
    const all = this.#within({ ...range, toMs: Number.POSITIVE_INFINITY }, window);
    return Promise.resolve(all.length === 0 ? null : Math.min(...all.map((one) => one.startMs)));
  }

  async *finalsOf(
    range: Parameters<LongSource["finalsOf"]>[0],
    window: { name: string },
  ): AsyncGenerator<KeyedRollup[]> {
    this.#ask();
    if (range.keys.some((key) => this.refusedKeys.has(key)))
      throw new AppError("INFLUX_REFUSED", "reject", "max-select-point limit exceeded");
    const all = this.#within(range, window).filter(({ key }) => range.keys.includes(key));
    yield await Promise.resolve(all);
  }

  #ask(): void {
    this.asked += 1;
    if (!this.isThere) throw new AppError("INFLUX_UNAVAILABLE", "retry", "away");
  }

  #within(
    { contract, fromMs, toMs }: Parameters<LongSource["keys"]>[0],
    { name }: { name: string },
  ): Final[] {
    return this.finals(name).filter(
      (one) => one.contract === contract.name && one.startMs >= fromMs && one.startMs < toMs,
    );
  }

  #put({ rollups, acknowledged }: SinkItem, { held }: Writer): Promise<void> {
    if (!held) return Promise.resolve();
    for (const rollup of rollups) {
      const { series, window, key, tags, startMs, revision } = rollup;
      const values = Object.fromEntries(rollupValues(rollup));
      const of = { contract: series.name, window: window.name };
      this.add({ ...of, key, tags, startMs, revision: revision!, values });
      const hours = new Date(startMs).toISOString().slice(5, 13);
      this.written.push(`${window.name} ${key} ${hours} ${String(values["count"])} r${revision}`);
    }
    acknowledged({ startMs: 0, endMs: 0, refused: [] });
    return Promise.resolve();
  }
}
