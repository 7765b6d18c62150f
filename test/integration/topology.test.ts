// Goal: `skerry topology diff` says what `apply` would change, and nothing after it did.
import { expect, test } from "vitest";
import { startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

test("diff, apply, diff", async () => {
  await using world = await startHubAndRegions({ regions: ["eu", "us"], logBytesMax: 1024 ** 3 });
  const servers = ["eu", "us"].flatMap((name) => ["--region", `${name}=${world.region(name).url}`]);
  const flags = ["--hub", world.hub.url, ...servers, "--log-gib", "1"];
  expect(await skerry(["topology", "diff", ...flags])).toEqual({ code: 0, out: "no difference\n" });

  const manager = await (await world.region("eu").connect()).jetstreamManager();
  await manager.streams.update("TELEMETRY_eu", { max_bytes: 5_000_000 });
  await manager.streams.delete("ALERTS_eu");
  const different = await skerry(["topology", "diff", ...flags]);
  expect(different.code).toBe(1);
  expect(different.out.trim().split("\n")).toEqual([
    "eu: stream TELEMETRY_eu: max_bytes is 5000000, planned 1073741824",
    "eu: stream ALERTS_eu is missing",
  ]);
  expect((await skerry(["topology", "apply", ...flags])).out).toBe(
    `${different.out}applied to hub, eu, us\n`,
  );
  expect((await skerry(["topology", "diff", ...flags])).code).toBe(0);
});
