// Raw points and finals, read back from InfluxDB: for the repair job, and for rollups of hours and days.
import {
  ROLLUP_COUNT,
  ROLLUP_REVISION,
  type RollupWindow,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../../contracts/names/measurements.ts";
import { seriesText, tagsOf } from "../../../contracts/messages/series.ts";
import type {
  KeyRange,
  KeyedRollup,
  LongSource,
  RegionRange,
  RepairSource,
  StoredReading,
  StoredRollup,
} from "../sink.ts";
import { type Row, quote, quoteName } from "./client.ts";
import { storedTag } from "./lines.ts";
import { KnownPolicies, type PolicyClient } from "./policies.ts";

/** Rows asked for at once: some 50 ms of this process' time. */
const PAGE_ROWS = 5_000;

export class InfluxRepairSource implements RepairSource, LongSource {
  readonly #client: PolicyClient;
  readonly #policies: KnownPolicies;
  readonly #pageRows: number;

  constructor(client: PolicyClient, pageRows = PAGE_ROWS, policies = new KnownPolicies(client)) {
    this.#client = client;
    this.#policies = policies;
    this.#pageRows = pageRows;
  }

  async *readings(range: KeyRange): AsyncGenerator<StoredReading[]> {
    const from = quoteName(rawMeasurement(range.contract.name));
    for await (const rows of this.#pages({ ...range, keys: [range.key] }, from))
      yield rows.map(readingOf);
  }

  async *finals(range: KeyRange, window: RollupWindow): AsyncGenerator<StoredRollup[]> {
    yield* this.finalsOf({ ...range, keys: [range.key] }, window);
  }

  async *finalsOf(range: KeysRange, window: RollupWindow): AsyncGenerator<KeyedRollup[]> {
    const tag = seriesTag(range.contract);
    for await (const rows of this.#pages(range, await this.#from(range, window)))
      yield latest(
        rows.map((row) => ({
          key: String(row[tag]),
          tags: tagsOf(row, range.seriesTags),
          startMs: msOf(row),
          revision: Number(row[ROLLUP_REVISION] ?? 0),
          values: row,
        })),
      );
  }

  async keys(range: RegionRange, window: RollupWindow): Promise<string[]> {
    const tag = seriesTag(range.contract);
    const rows = await this.#client.query(
      `SELECT count(${quoteName(ROLLUP_COUNT)}) FROM ${await this.#from(range, window)}` +
        ` WHERE ${inRegion(range)} AND time >= ${range.fromMs}ms AND time < ${range.toMs}ms` +
        ` GROUP BY ${quoteName(tag)}`,
    );
    return rows.map((row) => String(row[tag]));
  }

  async firstFinal(range: RegionRange, window: RollupWindow): Promise<number | null> {
    const [row] = await this.#client.query(
      `SELECT ${quoteName(ROLLUP_COUNT)} FROM ${await this.#from(range, window)}` +
        ` WHERE ${inRegion(range)} AND time >= ${range.fromMs}ms ORDER BY time LIMIT 1`,
    );
    return row ? msOf(row) : null;
  }

  #from({ contract }: RegionRange, window: RollupWindow): Promise<string> {
    return this.#policies.from(rollupMeasurement(contract.name, window.name, "final"), window);
  }

  /**
   * Each page goes on at the time of the last row of the one before, which that page has left out: points of
   * one time are never parted. An OFFSET would skip or repeat rows when points come in between.
   */
  async *#pages(range: KeysRange, measurements: string): AsyncGenerator<Row[]> {
    const { contract, keys, fromMs, toMs } = range;
    const tag = quoteName(seriesTag(contract));
    const ofKeys = keys.map((key) => `${tag} = ${quote(storedTag(key))}`).join(" OR ");
    const what =
      `SELECT * FROM ${measurements} WHERE ${inRegion(range)}` +
      ` AND (${ofKeys}) AND time < ${toMs}ms AND time >=`;
    let since = `${fromMs}ms`;
    let limit = this.#pageRows;
    for (;;) {
      const rows = await this.#client.query(`${what} ${since} ORDER BY time LIMIT ${limit}`);
      if (rows.length < limit) {
        yield rows;
        return;
      }
      const last = rows.at(-1)!["time"];
      const whole = rows.findIndex(({ time }) => time === last);
      if (whole === 0) {
        limit *= 2; // More points of one time than a page holds.
        continue;
      }
      yield rows.slice(0, whole);
      since = quote(String(last));
      limit = this.#pageRows;
    }
  }
}

/** One of each: a final that was revised after its window got a policy of its own is in both (policies.ts/Y1). */
function latest(rollups: readonly KeyedRollup[]): KeyedRollup[] {
  const all = new Map<string, KeyedRollup>();
  for (const rollup of rollups) {
    const id = `${rollup.startMs} ${seriesText(rollup.key, rollup.tags)}`;
    const known = all.get(id);
    if (!known || rollup.revision > known.revision) all.set(id, rollup);
  }
  return [...all.values()];
}

type KeysRange = Parameters<LongSource["finalsOf"]>[0];

const inRegion = ({ region }: RegionRange): string => `"region" = ${quote(region)}`;

/** A raw point as a reading. */
export const readingOf = ({ time, ...payload }: Row): StoredReading => ({
  device: String(payload["device"]),
  eventMs: Date.parse(String(time)),
  payload,
});

const msOf = ({ time }: Row): number => Date.parse(String(time));
