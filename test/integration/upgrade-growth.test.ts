// Goal: to the release before, a log that never grew is what it always was; a log does not grow while the release may run,
// and the release's gateway and engine say of one that grew why they do not start. Method: a topology of today, the
// release's own comparison and processes.
import { expect, test } from "vitest";
import { writeFleetLevel } from "../../platform/nats/client/fleet.ts";
import { FORMAT_LEVEL, GROWTH_LEVEL } from "../../platform/runtime/format-level.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { RELEASE_BEFORE, unpackRelease } from "../support/release.ts";
import { skerry } from "../support/skerry.ts";

test("the release takes a log that never grew for its own, and refuses one that has grown", async () => {
  await using stack = new AsyncDisposableStack();
  const { root } = stack.use(await unpackRelease(RELEASE_BEFORE));
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const [hub, eu] = [world.hub, world.region("eu")];
  const servers = ["--hub", hub.url, "--region", `eu=${eu.url}`, "--log-gib", "1"];
  const topology = (words: readonly string[], of: { root?: string } = {}) =>
    skerry(["topology", ...words, ...servers], of);

  const compared = await topology(["diff", "--partitions", "1"], { root });
  expect(compared.out).not.toContain("TELEMETRY_eu");
  expect((await topology(["apply"], { root })).code).toBe(0);
  expect(await topology(["diff"])).toEqual({ code: 0, out: "no difference\n" });

  const early = await topology(["apply", "--partitions", "2"]);
  expect(early.code).toBe(1);
  expect(early.out).toContain("npx skerry upgrade finish, then this again");
  expect(await topology(["apply", "--partitions", "1"])).toMatchObject({ code: 0 });

  const fleet = { level: FORMAT_LEVEL, by: "ada", atMs: Date.now(), version: "0.2.0" };
  expect(GROWTH_LEVEL).toBeLessThanOrEqual(FORMAT_LEVEL);
  expect(await writeFleetLevel(await hub.connect(), fleet, null)).toBe(true);
  expect(await topology(["apply", "--partitions", "2"])).toMatchObject({ code: 0 });
  const told = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1", SKERRY_STATUS_PORT: "0" };
  for (const kind of ["gateway", "alerting"] as const) {
    const more = kind === "gateway" ? { SKERRY_MQTT_PORT: "0" } : {};
    const env = { ...told, ...more, SKERRY_NATS_URL: eu.urlOf(kind) };
    const { code, out } = await skerry([kind], { env, root });
    expect(code, out).toBe(1);
    expect(out).toContain("TELEMETRY_eu has 2 partitions, this gateway is configured for 1");
  }
});
