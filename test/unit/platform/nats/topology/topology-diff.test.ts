import { DiscardPolicy, type StreamConfig } from "nats";
import { expect, test } from "vitest";
import { streamDifferences } from "../../../../../platform/nats/topology/topology-diff.ts";

const SPEC = {
  name: "LOG",
  subjects: ["log.1", "log.0"],
  max_bytes: 1_000,
  discard: DiscardPolicy.New,
  deny_delete: false,
};

const found = (config: Partial<StreamConfig>): StreamConfig =>
  ({ ...SPEC, subjects: ["log.0", "log.1"], num_replicas: 1, ...config }) as StreamConfig;

test("no difference: order of subjects, what the server adds, what it leaves out", () => {
  const { deny_delete: _, ...without } = found({});
  expect(streamDifferences(SPEC, without as StreamConfig)).toEqual([]);
});

test("each difference is named with both values, and whether it can be changed", () => {
  expect(streamDifferences(SPEC, null)).toEqual(["stream LOG is missing"]);
  expect(streamDifferences(SPEC, found({ max_bytes: 7, subjects: ["log.0"] }))).toEqual([
    'stream LOG: subjects is ["log.0"], planned ["log.0","log.1"]; it is fixed, so only recreating the stream changes it',
    "stream LOG: max_bytes is 7, planned 1000",
  ]);
});

test("a mirror is compared by its origin alone", () => {
  const mirror = (api: string) => ({ name: "LOG", external: { api, deliver: "x" } });
  const spec = { name: "LOG", mirror: mirror("$JS.eu.API") };
  const same = { ...mirror("$JS.eu.API"), filter_subject: "" };
  expect(streamDifferences(spec, found({ mirror: same }))).toEqual([]);
  expect(streamDifferences(spec, found({ mirror: mirror("$JS.us.API") }))[0]).toContain(
    "mirror is",
  );
});
