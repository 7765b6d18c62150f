// Goal: people at the command line need no administrator: viewer sees, operator changes what people change, and who may not is told so.
// Method: a real hub and region; npx skerry as these users.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import { skerry } from "../support/skerry.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

let world: NatsWorld;

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"], violationsExpected: true });
});
afterAll(() => world[Symbol.asyncDispose]());

const as = (user: NatsUser, ...args: string[]): Promise<{ code: number | null; out: string }> =>
  skerry([...args, "--nats", world.hub.urlOf(user)]);

test("an operator adds a device, publishes a rule and sends a command; a viewer sees all that and changes nothing", async () => {
  expect((await as("operator", "devices", "add", "pump-1")).code).toBe(0);
  const sent = await as("operator", "commands", "send", "pump-1", "--payload", "{}");
  expect(sent.code, sent.out).toBe(0);
  for (const user of ["operator", "viewer"] as const) {
    const devices = await as(user, "devices", "list");
    expect(devices.out).toContain("pump-1");
    for (const args of [
      ["alerts", "list"],
      ["rejects", "list", "--region", "eu"],
      ["contracts", "list"],
      ["rules", "list"],
      ["set-aside", "list", "--at", "hub"],
      ["notify", "dead", "list", "--at", "hub"],
    ]) {
      const { code, out } = await as(user, ...args);
      expect(code, `${user} ${args.join(" ")}: ${out}`).toBe(0);
    }
  }
  for (const args of [
    ["devices", "add", "pump-2"],
    ["devices", "revoke", "pump-1"],
    ["commands", "send", "pump-1", "--payload", "{}"],
  ]) {
    const { code, out } = await as("viewer", ...args);
    expect(code, args.join(" ")).toBe(1);
    expect(out, args.join(" ")).toMatch(/this user may not do that/);
  }
  expect((await as("viewer", "devices", "list")).out).not.toContain("pump-2");
});
