import { pino } from "pino";
import { expect, test } from "vitest";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../../../contracts/schema/catalog.ts";
import { Plans } from "../../../../cloud/aggregator/plan.ts";
import { Repair } from "../../../../cloud/aggregator/repair.ts";
import type { RepairGroup } from "../../../../cloud/aggregator/repair-marks.ts";

const plans = new Plans(loadCatalog(SCHEMAS_DIRECTORY), "eu");
const GROUP: RepairGroup = {
  contract: "environment",
  key: "room 1",
  hourMs: 0,
  minutes: [0],
  asOfSeq: 1,
};
const ROW = { time: "1970-01-01T00:00:01Z", device: "room 1", region: "eu", co2: 1, seq: 1 };

test("a lane that is lost while its repair is looked up or waits holds up no later repair", async () => {
  for (const lostWhile of ["reading", "writing"]) {
    const controller = new AbortController();
    const query = () => {
      if (lostWhile === "reading") controller.abort();
      return Promise.resolve([ROW]);
    };
    // As the sink does with what a lost lane put: it is dropped, nobody hears of it.
    const put = () => {
      if (lostWhile === "writing") queueMicrotask(() => controller.abort());
      return Promise.resolve();
    };
    const repair = new Repair({ query }, { put }, pino({ level: "silent" }));
    let repaired = 0;
    const lane = {
      region: "eu",
      lease: { signal: controller.signal, held: true },
      repairsDue: () => [GROUP],
      planOf: (contract: string) => plans.ofAllVersions(contract),
      repaired: () => (repaired += 1),
    };
    await repair.run([lane]);
    expect(repaired).toBe(0);
    expect(repair.rollupsRevised).toBe(0);
  }
});
