import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import { violationOf } from "../../../contracts/schema/contract.ts";
import { identityOf } from "../../../contracts/messages/identity.ts";
import {
  type ContractName,
  type Row,
  parseMachine,
  parseRooms,
  payloadOf,
} from "../../../device-sim/replay.ts";

const DATA = join(import.meta.dirname, "../../../device-sim/data");
const read = (path: string): string => readFileSync(join(DATA, path), "utf8");
const catalog = loadCatalog(SCHEMAS_DIRECTORY);

const rooms = ["datatest", "datatraining"].flatMap((name) =>
  parseRooms(read(`uci-occupancy/${name}.csv`)),
);
const machine = parseMachine(read("nab/machine_temperature_system_failure.csv"));

test("the office data is read whole, in order, its nameless first cell skipped", () => {
  expect(rooms).toHaveLength(2665 + 8143);
  expect(rooms[0]).toEqual({
    timeMs: Date.UTC(2015, 1, 2, 14, 19),
    fields: { temperature: 23.7, humidity: 26.272, light: 585.2, co2: 749.2, occupancy: 1 },
  });
  expect(rooms.every(({ timeMs }, at) => at === 0 || timeMs > rooms[at - 1]!.timeMs)).toBe(true);
});

test("the machine series is read whole, with its twelve repeated times", () => {
  expect(machine).toHaveLength(22_695);
  expect(new Set(machine.map(({ timeMs }) => timeMs)).size).toBe(22_683);
  expect(machine[0]).toEqual({
    timeMs: Date.UTC(2013, 11, 2, 21, 15),
    fields: { temperature: 73.96732207 },
  });
});

test.for<[ContractName, Row[]]>([
  ["environment", rooms],
  ["machine", machine],
])("every row makes a valid %s payload", ([name, rows]) => {
  const contract = catalog.versions(name)[0]!;
  for (const [at, row] of rows.entries()) {
    const payload = payloadOf(name, row, { ts: row.timeMs, seq: at });
    expect(contract.validate(payload) ? null : violationOf(contract)).toBeNull();
  }
});

test("with kept times every machine row is a reading of its own, repeated times included", () => {
  const contract = catalog.versions("machine")[0]!;
  const identities = machine.map((row) =>
    identityOf(contract, payloadOf("machine", row, { ts: row.timeMs, seq: 0 }), row.timeMs),
  );
  expect(new Set(identities).size).toBe(22_695);
});

test("a broken line is named", () => {
  expect(() => parseMachine("timestamp,value\n2013-12-02 21:15:00,1\n2013-12-02,2\n")).toThrow(
    'line 3: "2013-12-02" is no time',
  );
  expect(() => parseMachine("timestamp,value\n2013-12-02 21:15:00,\n")).toThrow(
    'line 2: "" is no number',
  );
  expect(() => parseRooms("a,b\n1,2\n")).toThrow("line 2 has 2 cells, not 8");
});
