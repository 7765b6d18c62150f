import { expect, test } from "vitest";
import {
  clusterWeaknessOf,
  weaknessesOf,
} from "../../../../../platform/nats/topology/server-versions.ts";

test.each([
  ["2.9.10", 3],
  ["2.10.29", 3],
  ["2.12.15", 1],
  ["2.14.9", 1],
  ["2.14.10", 0],
  ["2.14.11-RC.1", 0],
  ["2.15.0", 1],
  ["2.15.2", 1],
  ["2.15.3", 0],
  ["2.16.0", 0],
  ["3.0.0", 0],
  ["", 3],
])("nats-server %s lacks %i walls", (version, count) => {
  expect(weaknessesOf(version)).toHaveLength(count);
});

test("what a cluster can lose is said of servers on which it was seen, or nobody looked", () => {
  expect(clusterWeaknessOf("2.9.10")).toMatch(/lose a frame that was acknowledged/);
  expect(clusterWeaknessOf("2.14.10")).toBeNull();
  expect(clusterWeaknessOf("2.15.3")).toBeNull();
});
