// Goal: each wall is taken out of the configurations that the product prints, and nothing else is.
import { expect, test } from "vitest";
import { hubConfig, regionConfig } from "../../../platform/nats/topology/server-config.ts";
import {
  moveUser,
  passwordIn,
  withUser,
  withoutConnectionTypes,
  withoutGates,
} from "../../attack/rewrite.ts";
import { withOneAccount } from "../../attack/nats/walls.ts";

const PAIRS = { regions: ["eu", "us"] };
const SMALL = `accounts {
  APP {
    jetstream: enabled
    users: [
      { user: admin, password: $A }
      { user: gateway, password: $G
        permissions: { publish: { allow: ["a.}]"] } } } # a } in a comment
    ]
  }
  OWN { exports: [ { service: "x" } ]
    users: [ { user: "alerting", password: "p q", permissions: {} } ]
    imports: [ { stream: { account: APP, subject: "y" } } ]
  }
}`;

test("a user is moved with the password and without the lists", () => {
  const moved = moveUser(SMALL, "alerting", "APP");
  expect(moved).toMatch(/users: \[\n {6}\{ user: alerting, password: "p q" \}\n {6}\{ user: admin/);
  expect(moved.match(/alerting/g)).toHaveLength(1);
  expect(moveUser(SMALL, "gateway", "APP")).not.toContain("permissions: { publish");
  expect(moveUser(SMALL, "gateway", "OWN")).toContain(
    'users: [\n      { user: gateway, password: $G } { user: "alerting"',
  );
});

test("an account without users gets some", () => {
  expect(withUser("accounts { EMPTY { jetstream: enabled } }", "EMPTY", "{ user: a }")).toBe(
    "accounts { EMPTY {\n    users: [ { user: a } ] jetstream: enabled } }",
  );
});

test("nothing crosses without gates", () => {
  expect(withoutGates(SMALL)).not.toMatch(/exports|imports|service/);
  expect(withoutGates(SMALL)).toContain("alerting");
});

test.each([
  ["the hub", hubConfig(PAIRS), ["aggregator", "steward", "notifier", "console", "leaf-eu"]],
  ["a region", regionConfig(PAIRS, "eu"), ["gateway", "alerting", "notifier"]],
] as const)("of %s, as it is printed, each user is found and moved", (_, printed, users) => {
  for (const user of users) {
    const moved = moveUser(printed, user, "APP");
    expect(passwordIn(moved, user)).toBe(passwordIn(printed, user));
    expect(moved.match(new RegExp(`user: ${user},`, "g"))).toHaveLength(1);
    expect(passwordIn(moved, "admin")).toBe(passwordIn(printed, "admin"));
  }
});

test("the hub's leaves may be clients", () => {
  const printed = hubConfig(PAIRS);
  const changed = withoutConnectionTypes(printed, "leaf-eu");
  expect(printed.match(/\["LEAFNODE"\]/g)).toHaveLength(2);
  expect(changed.match(/\["LEAFNODE"\]/g)).toHaveLength(1);
  expect(changed).toContain("{ user: leaf-eu, password: $NATS_LEAF_EU_PASSWORD");
});

test("a user or an account that is not there is named", () => {
  expect(() => moveUser(SMALL, "nobody", "APP")).toThrow("has no user nobody");
  expect(() => moveUser(SMALL, "admin", "NONE")).toThrow("has no account NONE");
});

test("accounts that become one give to others what each gave, and to each other nothing", () => {
  const merged = withOneAccount(hubConfig(PAIRS), PAIRS.regions);
  expect(merged).not.toMatch(/(IN|OUT)_(eu|us) \{|account: (IN|OUT)_|accounts: \[[^\]]*(IN|OUT)_/);
  expect(merged).toContain(
    '{ service: "$JS.API.CONSUMER.CREATE.KV_devices", accounts: [LEAF_eu, LEAF_us] }',
  );
  expect(merged).toContain('{ stream: { account: LEAF_eu, subject: "dlv.hub.TELEMETRY_eu.>" } }');
  expect(merged).toContain(
    '{ service: { account: APP, subject: "$JS.API.DIRECT.GET.TELEMETRY_eu" } }',
  );
  expect(merged).not.toContain("dlv.out_eu");
});
