import { expect, test } from "vitest";
import { insightMetricSpecs } from "../../../../cloud/insight/metrics.ts";
import type { Insight } from "../../../../cloud/insight/insight.ts";
import { pointsOf } from "../../../../otel/metrics.ts";
import { run } from "../../../support/insight-facts.ts";

const SECONDS = 60;

function read(name: string, insight: Insight | null) {
  const spec = insightMetricSpecs(() => insight).find((one) => one.name === name)!;
  return pointsOf(spec, {});
}

const healthy = run(SECONDS, {}).at(-1)!;

test("each reader of each lane has one verdict, and the copies have theirs", () => {
  const points = read("skerry.lane.verdict", healthy);
  const readers = Map.groupBy(
    points,
    ({ labels }) => `${labels["region"]} ${labels["partition"]} ${labels["operator"]}`,
  );
  expect([...readers.keys()].toSorted()).toEqual(
    ["eu", "us"].flatMap((region) => [
      `${region} 0 aggregator`,
      `${region} 0 alerting`,
      `${region} 1 aggregator`,
      `${region} 1 alerting`,
      `${region} all mirror`,
    ]),
  );
  for (const [reader, own] of readers) {
    expect(
      own.filter(({ value }) => value === 1),
      reader,
    ).toHaveLength(1);
    expect(own.find(({ value }) => value === 1)!.labels["verdict"], reader).toBe("ok");
  }
});

test("an aggregator that does not move is stuck by name, and its lag grows; others stay ok", () => {
  const stands = run(SECONDS, {
    region: (of) => ({
      ...of,
      lanes: of.lanes.map((lane) => ({
        ...lane,
        aggregator: { doneSeq: 1, doneMs: null, nextMs: null },
      })),
    }),
  });
  const stuck = read("skerry.lane.verdict", stands.at(-1)!).filter(
    ({ labels, value }) => labels["verdict"] === "stuck" && value === 1,
  );
  expect(new Set(stuck.map(({ labels }) => labels["operator"]))).toEqual(new Set(["aggregator"]));
  const behind = (insight: Insight) =>
    read("skerry.lane.lag.frames", insight).find(
      ({ labels }) => labels["operator"] === "aggregator",
    )!.value;
  expect(behind(stands.at(-1)!)).toBeGreaterThan(behind(stands.at(-20)!) as number);
});

test("links are up, what is stored is fresh; before the first insight nothing is said", () => {
  expect(read("skerry.link.up", healthy)).toEqual([
    { labels: { region: "eu" }, value: 1 },
    { labels: { region: "us" }, value: 1 },
  ]);
  for (const { value } of read("skerry.freshness", healthy)) expect(value).toBeLessThan(5);
  for (const spec of insightMetricSpecs(() => null)) expect(pointsOf(spec, {})).toEqual([]);
});
