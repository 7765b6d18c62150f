// Goal: whatever state an installation is in, the picture of home is drawn, and its stations say what the sentence says.
import { expect, test } from "vitest";

interface Station {
  title: string;
  main: string;
  note: string;
  state: string;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/home/path.js";
const { pathOf } = (await import(path)) as {
  pathOf: (
    region: object,
    overview: object,
    flow: object,
  ) => {
    stations: Station[];
    links: { flow: number | null }[];
  };
};

const NOW_MS = 1_800_000_000_000;
const verdict = (state: string, behindFrames = 0) => ({ state, behindFrames });
const lanesOf = (...states: object[]) =>
  states.map((aggregator, partition) => ({ partition, aggregator, alerting: verdict("ok") }));

const REGION = {
  region: "eu",
  link: { up: true, sinceMs: NOW_MS },
  log: { bytes: 100, bytesMax: 1_000, firstSeq: 1, lastSeq: 9, atMs: NOW_MS },
  copy: {
    bytes: 100,
    bytesMax: null,
    firstSeq: 1,
    lastSeq: 9,
    atMs: NOW_MS,
    verdict: verdict("ok"),
  },
  lanes: lanesOf(verdict("ok"), verdict("ok")),
  freshnessMs: 800,
};
const FLOWS = { admitted: 50, copied: 50, stored: 50 };
const WELL = { sink: { state: "ok", detail: "" }, problems: [] };

const wordsOf = (region: object, overview: object = WELL, flow: object = FLOWS) =>
  pathOf({ ...REGION, ...region }, overview, flow).stations.map(
    ({ title, main, note, state }) => `${title}: ${main}, ${note} (${state})`,
  );
const [AGGREGATOR, STORE] = [3, 4];

test("all is well", () => {
  expect(wordsOf({})).toEqual([
    "Gateway eu: 50 /s, acknowledged (ok)",
    "Log eu: 10 % full, 100 of 1,000 B (ok)",
    "Hub's copy: complete, 100 B (ok)",
    "Aggregator: up to date, 2 lanes (ok)",
    "InfluxDB: 50 /s, newest 800 ms old (ok)",
  ]);
});

test("catching up: the lane that is farthest behind counts the frames, which all lanes share", () => {
  const lanes = lanesOf(verdict("catching_up", 700), verdict("catching_up", 900));
  expect(wordsOf({ lanes })[AGGREGATOR]).toBe("Aggregator: catching up, 900 frames to go (info)");
  expect(wordsOf({ lanes })[STORE]).toContain("(ok)");
});

test("a stuck aggregator: nobody knows of the store behind it that it is well", () => {
  const lanes = lanesOf(verdict("ok"), verdict("stuck", 40));
  const idle = { ...FLOWS, stored: 0 };
  expect(wordsOf({ lanes, freshnessMs: 30_000 }, WELL, idle).slice(AGGREGATOR)).toEqual([
    "Aggregator: stuck, 40 frames to go (bad)",
    "InfluxDB: gets nothing, newest 30 s old (warn)",
  ]);
});

test("while nothing of a region is being stored, the store is not said to get some, whatever the last seconds gave", () => {
  const lanes = lanesOf(verdict("standing", 40), verdict("standing", 40));
  const path = verdict("standing", 40);
  expect(wordsOf({ lanes, path, freshnessMs: 7_000 }).slice(AGGREGATOR)).toEqual([
    "Aggregator: stands still, 40 frames to go (warn)",
    "InfluxDB: gets nothing, newest 7.0 s old (warn)",
  ]);
  const stuck = lanesOf(verdict("stuck", 40), verdict("stuck", 40));
  expect(wordsOf({ lanes: stuck, path: verdict("stuck", 40) })[STORE]).toContain("gets nothing");
});

test.each(["stuck", "catching_up"])(
  "a store that takes nothing is named where lanes are %s",
  (state) => {
    const lanes = lanesOf(verdict(state, 40), verdict("ok"));
    const refuses = { ...WELL, sink: { state: "refusing", detail: "no answer" } };
    expect(wordsOf({ lanes }, refuses).slice(AGGREGATOR)).toEqual([
      "Aggregator: waits, 40 frames to go (warn)",
      "InfluxDB: takes nothing, newest 800 ms old (bad)",
    ]);
  },
);

test("a store that does not answer is told as that", () => {
  const sink = { state: "refusing", detail: "InfluxDB has not answered for 7 s" };
  expect(wordsOf({}, { ...WELL, sink })[STORE]).toBe(
    "InfluxDB: no answer, newest 800 ms old (bad)",
  );
});

test("a region that is cut off, whose log nobody sees", () => {
  const lanes = lanesOf(verdict("waiting_for_wan"), verdict("waiting_for_wan"));
  const words = wordsOf({ lanes, link: { up: false, sinceMs: NOW_MS } });
  expect(words[0]).toMatch(/^Gateway eu: not heard, since .* \(idle\)$/);
  expect(words[AGGREGATOR]).toBe("Aggregator: waits for WAN, all that came is done (warn)");
});

test("a log that refuses, and a device that floods", () => {
  const problems = (kind: string) => ({ ...WELL, problems: [{ kind, region: "eu", text: "" }] });
  expect(wordsOf({}, problems("log_refuses"))[0]).toBe("Gateway eu: takes nothing, log away (bad)");
  const full = { log: { ...REGION.log, bytes: 999 } };
  expect(wordsOf(full, problems("log_refuses")).slice(0, 2)).toEqual([
    "Gateway eu: takes nothing, log full (bad)",
    "Log eu: 99.9 % full, 999 of 1,000 B (bad)",
  ]);
  expect(wordsOf({}, problems("flooding"))[0]).toBe("Gateway eu: 50 /s, a device floods (warn)");
});

test("the age of the lane that is farthest behind is not told as that of the newest", () => {
  const behind = (state: string, behindMs: number) => ({ ...verdict(state, 9), behindMs });
  const apart = lanesOf(behind("catching_up", 65_000), behind("ok", 0));
  expect(wordsOf({ lanes: apart, freshnessMs: 65_000 })[STORE]).toContain("oldest 65 s behind");
  const together = lanesOf(behind("catching_up", 65_000), behind("catching_up", 64_000));
  expect(wordsOf({ lanes: together, freshnessMs: 65_000 })[STORE]).toContain(", 65 s behind");
});

test("nothing moves into an aggregator that is stuck, or waits for the store, whatever comes to the hub", () => {
  const flowsOf = (region: object, overview: object = WELL) =>
    pathOf({ ...REGION, ...region }, overview, FLOWS).links.map(({ flow }) => flow);
  const stuck = lanesOf(verdict("stuck", 9), verdict("stuck", 9));
  expect(flowsOf({})).toEqual([50, 50, 50, 50]);
  expect(flowsOf({ lanes: stuck })).toEqual([50, 50, 0, 50]);
  const away = { ...WELL, sink: { state: "refusing", detail: "InfluxDB has not answered" } };
  expect(flowsOf({}, away)[2]).toBe(0);
});
