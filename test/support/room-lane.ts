// A lane with rooms, payments and freezers, and rules over them.
import { Catalog } from "../../contracts/schema/catalog.ts";
import { compileContract } from "../../contracts/schema/contract.ts";
import { parseRules } from "../../contracts/rules/rule.ts";
import { LaneUnderTest } from "./lane-frames.ts";

export const START_MS = 1_700_000_000_000;
const number = { type: "number", "x-role": "field" };
const text = { type: "string", "x-role": "field" };
const ts = { type: "integer", "x-role": "time" };
export const catalog = new Catalog([
  compileContract(
    { name: "room", version: 1 },
    { type: "object", properties: { ts, co2: number } },
  ),
  compileContract(
    { name: "payment", version: 1 },
    {
      type: "object",
      required: ["account", "id"],
      "x-identity": "sequence",
      "x-partition-key": "account",
      properties: {
        account: { type: "string", "x-role": "tag" },
        id: { type: "integer", "x-role": "sequence" },
        amount: number,
      },
    },
  ),
  compileContract(
    { name: "freezer", version: 1 },
    {
      type: "object",
      required: ["seq"],
      "x-identity": "sequence",
      properties: { ts, seq: { type: "integer", "x-role": "sequence" }, heat: number },
    },
  ),
  compileContract(
    { name: "presence", version: 1 },
    { type: "object", properties: { ts, state: text, reason: text } },
  ),
]);

export const room = (device: string, co2: number, of: object = {}) => ({
  device,
  contract: "room",
  payload: { co2 },
  ...of,
});
export const presence = (device: string, state: string, reason: string) => ({
  device,
  contract: "presence",
  payload: { state, reason },
});
export const high = (id: string, version = 1, bound = 1_000) => ({
  id,
  version,
  kind: "threshold",
  contract: "room",
  when: `co2 > ${bound}`,
});
export const lane = (...rules: object[]) => new LaneUnderTest(catalog, parseRules(rules));
