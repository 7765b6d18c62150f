import { expect, test } from "vitest";
import { ContractLayouts } from "../../../../cloud/aggregator/contract-layout.ts";
import { revisions } from "../../../../cloud/aggregator/revisions.ts";
import type { RollupEffect } from "../../../../cloud/sinks/effects.ts";
import type { KeyRange, StoredReading } from "../../../../cloud/sinks/sink.ts";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../../../contracts/schema/catalog.ts";
import { MINUTE_MS } from "../../../support/lane-log.ts";

const layout = new ContractLayouts(loadCatalog(SCHEMAS_DIRECTORY), "eu").ofAllVersions(
  "environment",
)!;

/** A store of readings, which counts the largest part of what it is asked for that is not let go of. */
function storeOf(all: readonly StoredReading[], pageRows: number) {
  const asked: KeyRange[] = [];
  return {
    asked,
    async *readings({ fromMs, toMs }: KeyRange): AsyncGenerator<StoredReading[]> {
      const within = all.filter(({ eventMs }) => eventMs >= fromMs && eventMs < toMs);
      for (let at = 0; at < within.length; at += pageRows)
        yield await Promise.resolve(within.slice(at, at + pageRows));
    },
    async *finals(range: KeyRange): AsyncGenerator<never[]> {
      asked.push(range);
      yield await Promise.resolve([]);
    },
  };
}

const readingAt = (eventMs: number, co2: number): StoredReading => ({
  device: "d",
  eventMs,
  payload: { region: "eu", co2 },
});

async function allOf(
  store: ReturnType<typeof storeOf>,
  minutes: readonly number[],
): Promise<RollupEffect[]> {
  const group = { contract: "environment", key: "d", hourMs: 0, minutes, asOfSeq: 1 };
  const all: RollupEffect[] = [];
  for await (const part of revisions(store, { layout, region: "eu", group })) all.push(...part);
  return all;
}

test("only the minutes of the group are asked for, those one after the other at once", async () => {
  const readings = [0, 1, 2, 3, 4, 5].map((minute) => readingAt(minute * MINUTE_MS + 1, minute));
  const store = storeOf(readings, 2);
  const rollups = await allOf(
    store,
    [5, 1, 2].map((minute) => minute * MINUTE_MS),
  );
  expect(rollups.map(({ window, startMs }) => `${window.name} ${startMs / MINUTE_MS}`)).toEqual(
    [1, 2, 5].flatMap((minute) => [`10s ${minute}`, `1m ${minute}`]),
  );
  const ranges = store.asked.map(({ fromMs, toMs }) => [fromMs / MINUTE_MS, toMs / MINUTE_MS]);
  expect(ranges).toEqual([
    [1, 3],
    [1, 3],
    [5, 6],
    [5, 6],
  ]);
});

test("a flood is held a part at a time, counts whole, and others have their turns", async () => {
  const FLOOD = 50_000;
  const readings = [0, 1, 2].flatMap((minute) =>
    Array.from({ length: minute === 1 ? FLOOD : 10 }, (_, at) =>
      readingAt(minute * MINUTE_MS + Math.floor((at * MINUTE_MS) / FLOOD), at),
    ),
  );
  const store = storeOf(readings, 5_000);
  let turns = 0;
  const others = setInterval(() => (turns += 1), 0);
  const rollups = await allOf(store, [0, MINUTE_MS, 2 * MINUTE_MS]);
  clearInterval(others);
  expect(turns).toBeGreaterThan(FLOOD / 5_000 - 2); // B2: one after each page.
  const minutes = rollups.filter(({ window }) => window.name === "1m");
  expect(minutes.map(({ count }) => count)).toEqual([10, FLOOD, 10]);
  // B1: the minutes behind the flood are asked for apart from those after it.
  expect(store.asked.map(({ fromMs }) => fromMs / MINUTE_MS)).toEqual([0, 0, 1, 1, 2, 2]);
});
