// Goal: what a region tells its mirrors, and the consumers that it makes, reach nothing of the hub and of others. Method:
// the accounts of the hub's configuration as it is printed.
import { expect, test } from "vitest";
import { hubConfig, regionConfig } from "../../../../../platform/nats/topology/server-config.ts";

const printed = hubConfig({ regions: ["eu", "us"] });

/** The lines of an account. */
const accountIn = (name: string): string => {
  const from = printed.indexOf(`\n  ${name} {\n`);
  return printed.slice(from, printed.indexOf("\n  }", from));
};
const importsOf = (name: string): string[] =>
  [
    ...accountIn(name).matchAll(/\{ (?:service|stream): \{ account: (\S+), subject: "([^"]+)"/g),
  ].map(([, account, subject]) => `${account} ${subject}`);

test("the account of a region's mirrors asks its leaf alone, and of that only consumers and flow control", () => {
  const imports = importsOf("IN_eu");
  expect(imports.length).toBeGreaterThan(10);
  for (const one of imports)
    expect(one).toMatch(
      /^LEAF_eu (\$JS\.eu\.API\.CONSUMER\.CREATE\.|\$JS\.FC\.|dlv\.hub\.)(TELEMETRY|ALERTS|REJECTS|REPLIES)_eu(\.>)?$/,
    );
});

test("the account of a region's copies asks the hub's own for the consumers of its mirrors, and nobody else", () => {
  for (const one of importsOf("OUT_eu"))
    expect(one).toMatch(
      /^APP (\$JS\.API\.CONSUMER\.CREATE\.|\$JS\.FC\.|dlv\.out_eu\.)(KV_\w+|COMMANDS)(\.>)?$/,
    );
});

test("a region's leaf reaches no account with streams but its copies", () => {
  const asked = new Set(importsOf("LEAF_eu").map((one) => one.split(" ")[0]));
  expect([...asked]).toEqual(["OUT_eu"]);
  expect(accountIn("LEAF_eu")).not.toContain("jetstream");
});

test("the hub's own account hears of no mirror", () => {
  expect(importsOf("APP").filter((one) => /dlv\.|CONSUMER\.CREATE/.test(one))).toEqual([]);
});

test("accounts of copies hold as many streams as they need", () => {
  expect(accountIn("IN_eu")).toContain("max_streams: 4,");
  expect(accountIn("OUT_us")).toContain("max_streams: 8,");
});

test("one of a cluster has its name, its routes and their password from variables; one that is alone has none", () => {
  expect(printed).not.toContain("cluster {");
  const one = hubConfig({ regions: ["eu"] }, { cluster: 3, tls: { verified: "none" } });
  expect(one).toContain("server_name: $NATS_SERVER_NAME\n");
  expect(one).toContain("routes: [$NATS_ROUTE_1, $NATS_ROUTE_2, $NATS_ROUTE_3]");
  expect(one).toContain("password: $NATS_ROUTE_PASSWORD");
  // Servers of a cluster show each other their certificates, whoever else need not.
  const cluster = one.slice(one.indexOf("cluster {"), one.indexOf("accounts {"));
  expect(cluster).toContain("verify: true");
});

test("a region dials every server of the hub that it is told of", () => {
  expect(regionConfig({ regions: ["eu"] }, "eu")).toContain("urls: [$NATS_LEAF_URL]");
  expect(regionConfig({ regions: ["eu"] }, "eu", { hubServers: 3 })).toContain(
    "urls: [$NATS_LEAF_URL, $NATS_LEAF_URL_2, $NATS_LEAF_URL_3]",
  );
});
