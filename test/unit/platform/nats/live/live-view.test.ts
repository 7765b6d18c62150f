import { expect, test } from "vitest";
import {
  FORGOTTEN_AFTER_MS,
  LiveView,
  PROCESSES_MAX,
} from "../../../../../platform/nats/live/live-view.ts";

const said = (instance: string, atMs = 1) => ({
  v: 1,
  kind: "gateway",
  instance,
  domain: "eu",
  atMs,
  startedMs: 0,
  status: null,
  vitals: { rssBytes: 1, heapUsedBytes: 1, eventLoopP99Ms: 0, cpuShare: 0 },
});

test("of each process the last message counts, with the time at which it was heard", () => {
  const view = new LiveView();
  view.take(said("a", 1), 1_000);
  view.take(said("b", 2), 2_000);
  view.take(said("a", 3), 3_000);
  expect(view.processes.map(({ instance, atMs, heardMs }) => [instance, atMs, heardMs])).toEqual([
    ["b", 2, 2_000],
    ["a", 3, 3_000],
  ]);
});

test("a process of a newer version is heard, and not taken for dead", () => {
  const view = new LiveView();
  view.take({ ...said("a"), v: 2 }, 1);
  expect(view.processes).toMatchObject([{ v: 2, instance: "a" }]);
});

test("what is no message of a process is not taken", () => {
  const view = new LiveView();
  for (const wrong of [
    {},
    { ...said("a"), vitals: null },
    { ...said("a"), atMs: "now" },
    { ...said("a"), instance: 7 },
  ])
    view.take(wrong, 1);
  expect(view.processes).toEqual([]);
});

test("whoever is silent for an hour is forgotten, and so is the longest silent of too many", () => {
  const view = new LiveView();
  view.take(said("old"), 0);
  view.take(said("new"), FORGOTTEN_AFTER_MS + 1);
  expect(view.processes.map(({ instance }) => instance)).toEqual(["new"]);
  for (let i = 0; i < PROCESSES_MAX; i++) view.take(said(`p${i}`), FORGOTTEN_AFTER_MS + 2);
  expect(view.processes).toHaveLength(PROCESSES_MAX);
  expect(view.processes[0]!.instance).toBe("p0");
});
