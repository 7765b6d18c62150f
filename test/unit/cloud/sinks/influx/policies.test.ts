import { expect, test } from "vitest";
import {
  KnownPolicies,
  goDurationMs,
  policyOfLine,
} from "../../../../../cloud/sinks/influx/policies.ts";
import { HOUR, MINUTE, TEN_SECONDS } from "../../../../../contracts/names/measurements.ts";

test.each([
  ["climate,region=eu,device=a t=1 1", null],
  ["climate_10s,region=eu count=1i 1", null],
  ["climate_1m_open,region=eu count=1i 1", null],
  ["climate_1m,region=eu count=1i 1", "1m"],
  ["climate_1h,region=eu count=1i 1", "1h"],
  ["climate_1d,region=eu count=1i 1", "1d"],
  ["climate,region=eu,device=x_1h,channel=a t=1 1", null],
  ["cli\\,mate_1d,region=eu count=1i 1", "1d"],
])("%s belongs to policy %j", (line, policy) => expect(policyOfLine(line)).toBe(policy));

test.each([
  ["0s", null],
  ["720h0m0s", 720 * 3_600_000],
  ["1h30m0s", 5_400_000],
])("%s is read", (text, ms) => expect(goDurationMs(text)).toBe(ms));

function server(names: string[]) {
  let asked = 0;
  let isThere = true;
  return {
    names,
    asked: () => asked,
    leave: () => (isThere = false),
    query: () => {
      asked += 1;
      if (!isThere) return Promise.reject(new Error("away"));
      return Promise.resolve(
        names.map((name, at) => ({ name, duration: "0s", default: at === 0 })),
      );
    },
  };
}

test("finals of a window are in its policy and, from before there was one, in the default one", async () => {
  const of = server(["autogen", "1h"]);
  const known = new KnownPolicies(of, () => 0);
  expect(await known.from("c_1h", HOUR)).toBe('"1h"."c_1h", "c_1h"');
  expect(await known.from("c_1m", MINUTE)).toBe('"c_1m"');
  expect(await known.from("c_10s", TEN_SECONDS)).toBe('"c_10s"');
  expect(await known.target("1h")).toBe("1h");
  expect(of.asked()).toBe(1);
});

test("a policy that is made later is noticed, and an answer that lacks changes nothing", async () => {
  let nowMs = 0;
  const of = server(["autogen"]);
  const known = new KnownPolicies(of, () => nowMs);
  expect(await known.target("1m")).toBeUndefined();
  of.names.push("1m");
  nowMs = 60_000;
  expect(await known.target("1m")).toBe("1m");
  of.leave();
  nowMs = 120_000;
  expect(await known.target("1m")).toBe("1m");
});

test("a bucket has no policies and is not asked for any", async () => {
  const of = server(["autogen", "1h"]);
  const known = new KnownPolicies({ query: of.query, hasPolicies: false });
  expect([await known.from("c_1h", HOUR), of.asked()]).toEqual(['"c_1h"', 0]);
});
