// Goal: no stream grows for ever, and a copy has the bounds of its origin. Method: the plan is walked.
import { expect, test } from "vitest";
import { telemetryStream } from "../../../../../contracts/names/subjects.ts";
import type { StreamSpec } from "../../../../../platform/nats/topology/spec.ts";
import { domainsOf } from "../../../../../platform/nats/topology/topology.ts";

const REJECTS = { bytesMax: 123_456_789, keepMs: 7 * 86_400_000 };
const domains = domainsOf({
  regions: ["eu", "us"],
  copies: [
    ["eu", "us"],
    ["us", "eu"],
  ] as const,
  partitions: 4,
  logBytesMax: 1024 ** 3,
  rejects: REJECTS,
});
const streams = domains.flatMap(({ name: domain, streams: own }) =>
  own.map((spec) => ({ domain, spec, name: `${domain}: ${spec.name}` })),
);
const isBucket = ({ name }: StreamSpec): boolean => name.startsWith("KV_");
/** Copies of a log forget nothing unread (topology.ts/T2): lanes/trim.ts trims them. */
const isCopyOfLog = ({ name, mirror }: StreamSpec): boolean =>
  mirror !== undefined && name.startsWith(telemetryStream(""));

test.each(streams.filter(({ spec }) => !isBucket(spec) && !isCopyOfLog(spec)))(
  "$name is bounded in bytes",
  ({ spec }) => expect(spec.max_bytes).toBeGreaterThan(0),
);

test.each(streams.filter(({ spec }) => isBucket(spec)))(
  "$name, the copy of a bucket, keeps one entry of a key",
  ({ spec }) => expect(spec.max_msgs_per_subject).toBe(1),
);

test("only copies of a log are left to be trimmed", () => {
  const unbounded = streams.filter(({ spec }) => !isBucket(spec) && !spec.max_bytes);
  expect(unbounded.map(({ name }) => name)).toEqual([
    "hub: TELEMETRY_eu",
    "hub: TELEMETRY_us",
    "eu: TELEMETRY_us",
    "us: TELEMETRY_eu",
  ]);
});

test("a copy has the bounds of its origin", () => {
  const bounds = ({ max_bytes, max_age, max_msgs, max_msgs_per_subject }: StreamSpec) => ({
    max_bytes,
    max_age,
    max_msgs,
    max_msgs_per_subject,
  });
  for (const { spec, name } of streams) {
    if (!spec.mirror || isBucket(spec) || isCopyOfLog(spec)) continue;
    const origin = streams.find((one) => one.spec.name === spec.name && !one.spec.mirror);
    expect(bounds(spec), name).toEqual(bounds(origin!.spec));
  }
});

test("rejects have the bounds that were asked for, everywhere, and none by number", () => {
  const rejects = streams.filter(({ spec }) => spec.name.startsWith("REJECTS_"));
  expect(rejects).toHaveLength(5);
  for (const { spec } of rejects)
    expect(spec).toMatchObject({
      max_bytes: REJECTS.bytesMax,
      max_age: REJECTS.keepMs * 1e6,
      max_msgs_per_subject: -1,
    });
});
