// Goal: the attempts are what they say: named once, against known walls, of every kind of role.
import { expect, test } from "vitest";
import { SIGNED_BUCKETS } from "../../../contracts/names/subjects.ts";
import { HUB_USERS, REGION_USERS } from "../../../platform/nats/topology/permissions.ts";
import { hubConfig, regionConfig } from "../../../platform/nats/topology/server-config.ts";
import { ATTEMPTS } from "../../attack/grounds.ts";
import { rewritten } from "../../attack/nats/walls.ts";
import { PROFILES, RIGHTS } from "../../attack/nats/profiles.ts";
import { listOf, reportOf } from "../../attack/report.ts";
import { judge } from "../../attack/verdict.ts";
import { WALLS, WALL_NAMES } from "../../attack/walls.ts";

test("each has a name of its own, and each wall is attacked", () => {
  const ids = ATTEMPTS.map(({ id }) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  const attacked = new Set(ATTEMPTS.map(({ wall }) => wall));
  expect(WALL_NAMES.filter((wall) => !attacked.has(wall))).toEqual([]);
  for (const { tries, trick, harms } of ATTEMPTS)
    for (const words of [tries, trick, harms]) expect(words).not.toBe("");
});

test.each([
  ...["nats user gateway of eu", "nats user alerting of eu", "nats user notifier of eu"],
  ...["nats user aggregator of hub", "nats user steward of hub", "nats user notifier of hub"],
  ...["nats user console of hub", "region eu, taken over", "anybody in the network"],
  ...["a registered device", "a bridge that names other devices", "http: nobody", "http: a viewer"],
  ...["influx user reader", "influx user writer"],
  "nats user admin of hub, without a key of records",
])("%s attacks", (role) => {
  expect(ATTEMPTS.filter((attempt) => attempt.role === role).length).toBeGreaterThan(2);
});

test("each user that a server knows has a profile, the administrator aside", () => {
  const known = PROFILES.map(({ server, user }) => `${server} ${user}`);
  for (const user of HUB_USERS) if (user !== "admin") expect(known).toContain(`hub ${user}`);
  for (const user of REGION_USERS) if (user !== "admin") expect(known).toContain(`eu ${user}`);
});

test("each user attacks each stream of its server that is not its own", () => {
  const of = (user: string, stream: string): string[] =>
    ATTEMPTS.filter(({ id }) => id.startsWith(`${user}/${stream}/`)).map(({ id }) => id);
  expect(of("eu-notifier", "TELEMETRY_eu").length).toBeGreaterThan(10);
  expect(of("hub-console", "AUDIT")).not.toContain("hub-console/AUDIT/publish");
  expect(of("hub-console", "AUDIT")).toContain("hub-console/AUDIT/STREAM.PURGE");
});

test("each kind of signed record is forged, by every trick, at the hub and in a region", () => {
  const kinds = [...SIGNED_BUCKETS, "commands"];
  for (const origin of ["hub", "region"])
    for (const kind of kinds) {
      const ids = ATTEMPTS.filter(({ id }) => id.startsWith(`signed/${origin}/${kind}/`));
      expect(ids.length, `${origin} ${kind}`).toBeGreaterThan(4);
    }
  const back = ATTEMPTS.filter(({ id }) => /\/older-\d/.test(id)).map(({ tries }) => tries);
  expect(new Set(back).size).toBeGreaterThan(4);
});

test("a wall that is taken out of the nats-servers changes their configuration, and none leaves it as it is", () => {
  const pairs = { regions: ["eu", "us"] };
  const printed = { hub: hubConfig(pairs), region: regionConfig(pairs, "eu") };
  for (const of of ["hub", "region"] as const) {
    expect(rewritten(printed[of], of, new Set())).toBe(printed[of]);
    expect(rewritten(printed[of], of, new Set(["accounts"]))).not.toBe(printed[of]);
  }
  for (const wall of ["leaf-accounts", "leaf-only"] as const)
    expect(rewritten(printed.hub, "hub", new Set([wall]))).not.toBe(printed.hub);
});

test("the report names what got through, what it harmed and what to do", () => {
  const [first] = ATTEMPTS;
  const { id, role, wall, tries, trick, harms, control } = first!;
  const tried = { id, role, wall, tries, trick, harms, control };
  const judged = judge([{ ...tried, harm: ["hub COMMANDS is gone"] }], new Set(), "2.9.10");
  const text = reportOf(judged, { server: "2.9.10", isWhole: false });
  for (const words of [id, "hub COMMANDS is gone", WALLS[wall].remedy, "1 of 1", "NOT WELL"])
    expect(text).toContain(words);
  const moot = { why: "nobody may do it" };
  const refused = judge(
    [
      { ...tried, moot, harm: [] },
      { ...tried, id: "bare", harm: [] },
    ],
    new Set(),
    "2.9.10",
  );
  const said = reportOf(refused, { server: "2.9.10", isWhole: false });
  for (const words of ["1  nobody may do it", "WITHOUT A CONTROL", "bare", "NOT WELL"])
    expect(said).toContain(words);
  const list = listOf(ATTEMPTS.slice(0, 3), RIGHTS);
  expect(list).toContain("3 attempts");
  expect(list).toContain("rights, which are no attacks");
});
