import { AppError } from "../../../../platform/runtime/errors.ts";
import { SetAsideInMemory } from "../../../support/set-aside.ts";
import { pino } from "pino";
import { expect, test } from "vitest";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../../../contracts/schema/catalog.ts";
import { ContractLayouts } from "../../../../cloud/aggregator/contract-layout.ts";
import { Repair } from "../../../../cloud/aggregator/repair.ts";
import type { SinkItem } from "../../../../cloud/sinks/sink.ts";
import type { RepairGroup } from "../../../../cloud/aggregator/repair-marks.ts";

const layouts = new ContractLayouts(loadCatalog(SCHEMAS_DIRECTORY), "eu");
const GROUP: RepairGroup = {
  contract: "environment",
  key: "room 1",
  hourMs: 0,
  minutes: [0],
  asOfSeq: 1,
};
/** A store's answer in parts. */
async function* partsOf<T>(...parts: T[][]): AsyncGenerator<T[]> {
  for (const part of parts) yield await Promise.resolve(part);
}

async function* failing(error: Error): AsyncGenerator<never[]> {
  yield await Promise.reject(error);
}

const READING = { device: "room 1", eventMs: 1_000, payload: { region: "eu", co2: 1, seq: 1 } };

test("a lane that is lost while its repair is looked up or waits holds up no later repair", async () => {
  for (const lostWhile of ["reading", "writing"]) {
    const controller = new AbortController();
    const repairSource = {
      readings: () => {
        if (lostWhile === "reading") controller.abort();
        return partsOf([READING]);
      },
      finals: () => partsOf([]),
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
      subject: "telemetry.eu.0",
      lease: { signal: controller.signal, held: true },
      repairsDue: () => [GROUP],
      layoutOf: (contract: string) => layouts.ofAllVersions(contract),
      repaired: () => (repaired += 1),
    };
    await repair.run([lane], new SetAsideInMemory());
    expect(repaired).toBe(0);
    expect(repair.rollupsRevised).toBe(0);
  }
});

test("a repair that was set aside is handled only once the sink holds it: a lane that is lost keeps the record", async () => {
  for (const lostWhile of ["reading", "writing", null]) {
    const controller = new AbortController();
    const repairSource = {
      readings: () => {
        if (lostWhile === "reading") controller.abort();
        return partsOf([READING]);
      },
      finals: () => partsOf([]),
    };
    const put = ({ acknowledged }: SinkItem) => {
      if (lostWhile === "writing") queueMicrotask(() => controller.abort());
      else acknowledged({ startMs: 0, endMs: 0, refused: [] });
      return Promise.resolve();
    };
    const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
    const lane = {
      region: "eu",
      subject: "telemetry.eu.0",
      lease: { signal: controller.signal, held: true },
      repairsDue: () => [],
      layoutOf: (contract: string) => layouts.ofAllVersions(contract),
      repaired: () => undefined,
    };
    const problem = await repair.again(lane, GROUP);
    if (lostWhile === null) expect(problem).toBeNull();
    else expect(problem).toBe("its lane was passed on meanwhile: try again");
  }
});

test("a repair that cannot be put into the sink is set aside, and ends no process", async () => {
  const repairSource = {
    readings: () => partsOf([READING]),
    finals: () => partsOf([]),
  };
  const put = () => Promise.reject(new TypeError("it cannot be encoded"));
  const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
  const repaired: RepairGroup[] = [];
  const lane = {
    region: "eu",
    subject: "telemetry.eu.0",
    lease: { signal: new AbortController().signal, held: true },
    repairsDue: () => [GROUP],
    layoutOf: (contract: string) => layouts.ofAllVersions(contract),
    repaired: (group: RepairGroup) => repaired.push(group),
  };
  const setAside = new SetAsideInMemory();
  await repair.run([lane], setAside);
  expect(setAside.brief).toEqual(["repair refused: it cannot be encoded"]);
  expect(repaired).toEqual([GROUP]);
});

test("with a sink that cannot be read back, late readings hold nothing up", async () => {
  const repair = new Repair(
    { put: () => Promise.reject(new Error("not asked for")), repairSource: null },
    pino({ level: "silent" }),
  );
  const repaired: RepairGroup[] = [];
  await repair.run(
    [
      {
        region: "eu",
        subject: "telemetry.eu.0",
        lease: { signal: new AbortController().signal, held: true },
        repairsDue: () => [GROUP],
        layoutOf: (contract: string) => layouts.ofAllVersions(contract),
        repaired: (group: RepairGroup) => repaired.push(group),
      },
    ],
    new SetAsideInMemory(),
  );
  expect(repaired).toEqual([GROUP]);
  expect(repair.rollupsRevised).toBe(0);
});

test("a series that the sink refuses for good is set aside; the others are repaired", async () => {
  const refused = new AppError("INFLUX_REFUSED", "reject", "error parsing query");
  const bad = { ...GROUP, key: "bad" };
  const repairSource = {
    readings: ({ key }: { key: string }) => (key === "bad" ? failing(refused) : partsOf([])),
    finals: () => partsOf([]),
  };
  const put = () => Promise.reject(new Error("not asked for"));
  const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
  const repaired: string[] = [];
  const lane = {
    region: "eu",
    subject: "telemetry.eu.0",
    lease: { signal: new AbortController().signal, held: true },
    repairsDue: () => [bad, GROUP],
    layoutOf: (contract: string) => layouts.ofAllVersions(contract),
    repaired: ({ key }: RepairGroup) => void repaired.push(key),
  };
  const setAside = new SetAsideInMemory();
  await repair.run([lane], setAside);
  expect(repaired).toEqual(["bad", GROUP.key]);
  expect(setAside.brief).toEqual(["repair refused: error parsing query"]);
  expect(await repair.again(lane, bad)).toBe("error parsing query");
});

test("a series whose question times out costs the other series nothing", async () => {
  const away = new AppError("INFLUX_UNAVAILABLE", "retry", "timeout");
  const repairSource = {
    readings: ({ key }: { key: string }) => (key === "huge" ? failing(away) : partsOf([])),
    finals: () => partsOf([]),
  };
  const put = () => Promise.reject(new Error("not asked for"));
  const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
  const repaired: string[] = [];
  const lane = {
    region: "eu",
    subject: "telemetry.eu.0",
    lease: { signal: new AbortController().signal, held: true },
    repairsDue: () => [{ ...GROUP, key: "huge" }, GROUP],
    layoutOf: (contract: string) => layouts.ofAllVersions(contract),
    repaired: ({ key }: RepairGroup) => void repaired.push(key),
  };
  const setAside = new SetAsideInMemory();
  await repair.run([lane], setAside);
  expect(repaired).toEqual([GROUP.key]);
  expect(setAside.all).toEqual([]);
});

test("a sink that is away ends the run, and no repair is given up", async () => {
  const away = new AppError("INFLUX_UNAVAILABLE", "retry", "timeout");
  let asked = 0;
  const repairSource = {
    readings: () => {
      asked += 1;
      return failing(away);
    },
    finals: () => partsOf([]),
  };
  const put = () => Promise.reject(new Error("not asked for"));
  const repair = new Repair({ put, repairSource }, pino({ level: "silent" }));
  const setAside = new SetAsideInMemory();
  const lane = {
    region: "eu",
    subject: "telemetry.eu.0",
    lease: { signal: new AbortController().signal, held: true },
    repairsDue: () => Array.from({ length: 100 }, (_, at) => ({ ...GROUP, key: `room ${at}` })),
    layoutOf: (contract: string) => layouts.ofAllVersions(contract),
    repaired: () => expect.unreachable(),
  };
  await repair.run([lane], setAside);
  expect(setAside.all).toEqual([]);
  expect(asked).toBe(3);
});
