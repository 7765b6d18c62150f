import { pino } from "pino";
import { expect, test } from "vitest";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../../../contracts/schema/catalog.ts";
import { ContractLayouts } from "../../../../cloud/aggregator/contract-layout.ts";
import { Repair } from "../../../../cloud/aggregator/repair.ts";
import type { RepairGroup } from "../../../../cloud/aggregator/repair-marks.ts";

const layouts = new ContractLayouts(loadCatalog(SCHEMAS_DIRECTORY), "eu");
const GROUP: RepairGroup = {
  contract: "environment",
  key: "room 1",
  hourMs: 0,
  minutes: [0],
  asOfSeq: 1,
};
const READING = { device: "room 1", eventMs: 1_000, payload: { region: "eu", co2: 1, seq: 1 } };

test("a lane that is lost while its repair is looked up or waits holds up no later repair", async () => {
  for (const lostWhile of ["reading", "writing"]) {
    const controller = new AbortController();
    const repairSource = {
      readings: () => {
        if (lostWhile === "reading") controller.abort();
        return Promise.resolve([READING]);
      },
      finals: () => Promise.resolve([]),
    };
    // As the sink does with what a lost lane put: it is dropped, nobody hears of it.
    const put = () => {
      if (lostWhile === "writing") queueMicrotask(() => controller.abort());
      return Promise.resolve();
    };
    const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
    let repaired = 0;
    const lane = {
      region: "eu",
      lease: { signal: controller.signal, held: true },
      repairsDue: () => [GROUP],
      layoutOf: (contract: string) => layouts.ofAllVersions(contract),
      repaired: () => (repaired += 1),
    };
    await repair.run([lane]);
    expect(repaired).toBe(0);
    expect(repair.rollupsRevised).toBe(0);
  }
});

test("with a sink that cannot be read back, late readings hold nothing up", async () => {
  const repair = new Repair(
    { put: () => Promise.reject(new Error("not asked for")), repairSource: null },
    pino({ level: "silent" }),
  );
  const repaired: RepairGroup[] = [];
  await repair.run([
    {
      region: "eu",
      lease: { signal: new AbortController().signal, held: true },
      repairsDue: () => [GROUP],
      layoutOf: (contract: string) => layouts.ofAllVersions(contract),
      repaired: (group: RepairGroup) => repaired.push(group),
    },
  ]);
  expect(repaired).toEqual([GROUP]);
  expect(repair.rollupsRevised).toBe(0);
});
