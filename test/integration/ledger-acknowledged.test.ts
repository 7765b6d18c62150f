// Goal: what does not balance for good is looked at by an operator, who says why; it is named from then on, through
// kills, and the next one opens the balance again.
// Method: real servers and processes, command line and console; a gateway whose running totals are wrong.
import { expect, test } from "vitest";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import { VIEWER_TOKEN, askApi, startConsole } from "../support/console.ts";
import { eventually } from "../support/eventually.ts";
import { LaneGateway, startLedgerWorld } from "../support/ledger-world.ts";
import { skerry } from "../support/skerry.ts";

const TIMEOUT_MS = 300_000;

test(
  "totals that disagree are acknowledged by name, and others open the balance again",
  { timeout: TIMEOUT_MS },
  async () => {
    await using world = await startLedgerWorld();
    const gateway = new LaneGateway(world);
    await gateway.write(20);
    gateway.misstate(3);
    await gateway.write(5);
    const first = await gateway.until("it is open", ({ open }) => open.length === 1);
    expect(first.open).toMatchObject([
      { readings: 3, why: "running totals and frames disagree by 3 readings" },
    ]);
    const at = ["--nats", world.nats.hub.url];
    const acknowledge = ["ledger", "acknowledge", "--region", "eu", "--partition", "0", ...at];
    const shown = await skerry(["ledger", ...at]);
    expect(shown.code).toBe(1);
    const without = await skerry([...acknowledge, "--by", "anna", "--why", " "]);
    expect(without).toMatchObject({ code: 1, out: expect.stringContaining("say why") as string });

    const done = await skerry([...acknowledge, "--by", "anna", "--why", "a test counted wrongly"]);
    expect(done.out).toContain("3 readings of lane eu/0: acknowledged by anna");
    expect(done.code).toBe(0);
    const isClosed = { open: [], named: [{ reason: "acknowledged", readings: 3, lost: 3 }] };
    const closed = await gateway.until("it is closed", ({ open }) => open.length === 0);
    expect(closed).toMatchObject(isClosed);
    const again = await skerry([...acknowledge, "--by", "anna", "--why", "once more"]);
    expect(again).toMatchObject({
      code: 1,
      out: expect.stringContaining("nothing is open") as string,
    });
    await world.steward.process.restart();
    const after = await gateway.until("it stays closed", () => true);
    expect(after).toMatchObject(isClosed);
    const text = await skerry(["ledger", "--region", "eu", ...at]);
    expect(text.code).toBe(0);
    expect(text.out).toContain("every acknowledged reading is accounted for");
    expect(text.out).toMatch(
      /3 readings known by name, 3 of them lost; acknowledged by anna .*: a test counted wrongly/,
    );

    gateway.misstate(2);
    await gateway.write(5);
    const opened = await gateway.until("it is open again", ({ open }) => open.length === 1);
    expect(opened.open).toMatchObject([{ readings: 2 }]);

    await using api = await startConsole(world.nats, ["eu"], { SKERRY_PARTITIONS: "1" });
    const path = "/ledger/eu/lanes/0/acknowledgement";
    const why = { why: "the same test again" };
    const viewed = await askApi(api.url, "POST", path, why, VIEWER_TOKEN);
    expect(viewed.status).toBe(403);
    const isTold = async (): Promise<boolean> => {
      const { body } = await api.ask<Ledger>("GET", "/ledger");
      return body.open?.length === 1;
    };
    await eventually("the console knows", isTold);
    const seen = await api.ask("POST", path, why);
    expect(seen).toMatchObject({ status: 200, body: { readings: 2, by: "operator", ...why } });
    const named = await gateway.until("it is closed again", ({ open }) => open.length === 0);
    expect(named.named).toMatchObject([{ by: "anna" }, { by: "operator", readings: 2, ...why }]);
    const { body } = await api.ask<{ records: object[] }>("GET", "/audit");
    expect(body.records[0]).toMatchObject({ request: `POST /api/v1${path}`, outcome: "done" });
  },
);
