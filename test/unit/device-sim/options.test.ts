import { expect, test } from "vitest";
import { SIMULATOR_OPTIONS, parseGateways } from "../../../device-sim/options.ts";
import { loadConfig } from "../../../platform/runtime/config.ts";

test("gateways are named by region", () => {
  expect(parseGateways("eu=mqtt://127.0.0.1:1883, us=mqtts://user:a=b@host:8883")).toEqual([
    { region: "eu", url: "mqtt://127.0.0.1:1883" },
    { region: "us", url: "mqtts://user:a=b@host:8883" },
  ]);
});

test.for([
  ["mqtt://127.0.0.1:1883", "must be region=url"],
  ["eu=127.0.0.1", "must be a URL"],
  ["eu=http://127.0.0.1", "must have URLs with mqtt"],
  ["eu=mqtt://a,eu=mqtt://b", "must name each region once"],
  [",", "must name at least one gateway"],
  ["EU=mqtt://a", "must be lower-case"],
] as const)("%s is refused: %s", ([raw, message]) => {
  expect(() => parseGateways(raw)).toThrow(message);
});

test("gateways and ledger are all that must be said", () => {
  const env = { SKERRY_GATEWAYS: "eu=mqtt://127.0.0.1:1883", SKERRY_LEDGER: "ledger.jsonl" };
  expect(loadConfig(SIMULATOR_OPTIONS, env)).toMatchObject({
    devices: 20,
    rate: 200,
    keepTimes: false,
    inFlightMax: 500,
    drainTimeout: 20_000,
  });
});
