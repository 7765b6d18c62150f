// Goal: the doctor names what an old nats-server lacks, and calls one that can lose what it acknowledged wrong.
import { expect, test } from "vitest";
import { versionFinding } from "../../../../../infra/cli/doctor/nats.ts";
import type { NatsConnection } from "../../../../../platform/nats/client/connection.ts";

const found = (version: string, cluster?: string) =>
  versionFinding("hub", { info: { version, cluster } } as NatsConnection);

test("an old server lacks walls; one of a cluster is no server for it", () => {
  expect(found("2.9.10")).toMatchObject({
    level: "warning",
    what: expect.stringMatching(/^nats-server 2\.9\.10 lacks 3 walls: /) as string,
  });
  // A server that is alone calls itself a cluster of its own name once it has leaf nodes.
  expect(found("2.9.10", "hub").level).toBe("warning");
  expect(found("2.9.10", "hub-cluster")).toMatchObject({
    level: "wrong",
    what: expect.stringMatching(/is no server for a cluster: .* lose a frame/) as string,
    right: "2.14.10, 2.15.3, or newer",
  });
  expect(found("2.15.3", "hub-cluster").level).toBe("fine");
});
