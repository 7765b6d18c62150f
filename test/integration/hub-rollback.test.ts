// Goal: a hub whose store went back or was lost is fenced before anything is written past what the regions have seen,
// and after `skerry hub recover` every device that should gets in, in every region, and none that should not.
// Method: real servers; the hub's directory is replaced by an older copy, or emptied, while identities of gateways go on
// following the regions' copies. The same without the fence must fail.
import { expect, test } from "vitest";
import { HubDrill } from "../support/hub-drill.ts";
import { eventually } from "../support/eventually.ts";
import { skerry } from "../support/skerry.ts";

const TIMEOUT_MS = 150_000;
const WITHIN_MS = 60_000;

/** Devices before the store is kept, and changes that are lost with it: `late` is added, `out` revoked. */
async function livesThenLoses(drill: HubDrill, lose: "rolled back" | "wiped"): Promise<void> {
  for (const id of ["stays", "out", "later-out"]) await drill.add(id);
  if (lose === "rolled back") await drill.keepStore();
  await drill.add("late");
  await drill.revoke("out");
  await eventually(
    "all is known",
    () => drill.letsInOnly(["stays", "later-out", "late"]),
    WITHIN_MS,
  );
  await (lose === "wiped" ? drill.wipe() : drill.rollBack());
}

for (const lose of ["rolled back", "wiped"] as const)
  test(
    `a hub that was ${lose} is fenced, and recovered from its regions`,
    { timeout: TIMEOUT_MS },
    async () => {
      await using drill = await HubDrill.start();
      await drill.startSteward();
      await livesThenLoses(drill, lose);
      await eventually("it is fenced", () => drill.isFenced(), WITHIN_MS);

      await expect(drill.add("too-early")).rejects.toThrow("Run npx skerry hub recover");
      const typed = await skerry([
        "devices",
        "revoke",
        "stays",
        "--nats",
        drill.world.hub.urlOf("operator"),
      ]);
      expect(typed.code).toBe(1);
      expect(typed.out).toContain(
        "The hub takes no changes of devices, rules, contracts and commands: its store is older",
      );

      const { code, out } = await drill.recover();
      expect(code, out).toBe(0);
      expect(out).toMatch(/KV_devices: 4 records written again, [14] of which the hub had lost/);
      expect(await drill.isFenced()).toBe(false);
      await eventually("as before", () => drill.letsInOnly(["stays", "later-out", "late"]));
      await drill.add("new");
      await drill.revoke("later-out");
      await eventually("what is written reaches all", () =>
        drill.letsInOnly(["stays", "late", "new"]),
      );
      for (const region of ["eu", "us"]) expect(await drill.isLevel(region)).toBe(true);
    },
  );

test(
  "without the fence a revocation gets lost, and nothing tells",
  { timeout: TIMEOUT_MS },
  async () => {
    await using drill = await HubDrill.start();
    await livesThenLoses(drill, "rolled back");
    await drill.revoke("later-out");
    await drill.add("new");
    await drill.add("next");
    await eventually(
      "the hub is past what the regions had",
      () => drill.reaches("next"),
      WITHIN_MS,
    );
    await expect(drill.letsInOnly(["stays", "late", "new", "next"])).rejects.toThrow("later-out");
    expect(await drill.isLevel("eu")).toBe(false);
  },
);

test(
  "a region that was cut off while the hub lost its store is heard when it is back",
  { timeout: TIMEOUT_MS },
  async () => {
    await using drill = await HubDrill.start();
    await drill.startSteward();
    for (const id of ["stays", "out"]) await drill.add(id);
    await drill.keepStore();
    await drill.world.region("us").process.stop("SIGTERM");
    await drill.revoke("out");
    await eventually("eu knows", () => drill.isLevel("eu"), WITHIN_MS);
    await drill.world.region("eu").process.stop("SIGTERM");
    await drill.rollBack();
    // Nobody who has seen more is there, so it goes on, past the number of the revocation.
    for (const id of ["one", "two", "three"]) await drill.add(id);
    expect(await drill.isFenced()).toBe(false);
    await drill.world.region("eu").process.start();
    await drill.world.region("us").process.start();
    await eventually("it is fenced", () => drill.isFenced(), WITHIN_MS);
    const { code, out } = await drill.recover();
    expect(code, out).toBe(0);
    await eventually("the revocation counts", () =>
      drill.letsInOnly(["stays", "one", "two", "three"]),
    );
  },
);
