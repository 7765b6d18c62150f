// Goal: `skerry up` runs somebody else's installation: no simulated devices, own contracts, rules, mappings and options.
// Method: the launcher with real servers, a reading over mosquitto_pub as its mapping has it, and what processes say of themselves.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import type { Addresses } from "../../infra/local/places.ts";
import { eventually } from "../support/eventually.ts";
import { Launcher } from "../support/launcher.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);

const PUMP = {
  type: "object",
  required: ["flow"],
  additionalProperties: false,
  "x-identity": "none",
  "x-partition-key": "device",
  properties: {
    ts: { type: "integer", "x-role": "time" },
    flow: { type: "number", "x-unit": "L/min", "x-role": "field" },
  },
};
const RULES = [
  {
    id: "flow-high",
    version: 1,
    kind: "threshold",
    contract: "pump",
    summary: "much flow",
    when: "flow > 30",
  },
];
const MAPPINGS = {
  mappings: [
    {
      ...{ name: "flow", topic: "plant/{device}/flow", contract: "pump" },
      fields: { flow: { pointer: "" } },
    },
  ],
};

test("no devices, own contracts, rules, mappings and options", async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  mkdirSync(at("own/pump"), { recursive: true });
  writeFileSync(at("own/pump/v1.json"), JSON.stringify(PUMP));
  writeFileSync(at("rules.json"), JSON.stringify(RULES));
  writeFileSync(at("mappings.json"), JSON.stringify(MAPPINGS));
  writeFileSync(at("skerry.yaml"), "gateway:\n  region: asia\n  limit-client-id-bytes-max: 20\n");
  const report = at("data/report.json");
  await using launcher = new Launcher(at("data"), [
    ...["--port-base", "19500", "--devices", "0", "--json", report],
    ...["--contracts", at("own"), "--rules", at("rules.json"), "--mappings", at("mappings.json")],
    ...["--config", at("skerry.yaml"), "--set", "alerting.log-level=debug"],
  ]);
  await eventually("it runs", () => launcher.output.includes("the console: "), 60_000).catch(() => {
    throw new Error(launcher.output);
  });
  expect(launcher.output).toContain(
    `not taken, because skerry up says so itself: ${at("skerry.yaml")}:2: gateway.region`,
  );
  const { mqtt, influx, status } = JSON.parse(
    readFileSync(at("data/addresses.json"), "utf8"),
  ) as Addresses;
  expect(Object.keys(status)).not.toContain("simulator");
  expect(Object.keys(launcher.pids())).not.toContain("simulator");

  const alerting = (await (await fetch(status["alerting-eu"]!)).json()) as AlertingStatus;
  expect(alerting.rules.map(({ id }) => id)).toEqual(["flow-high"]);

  const publish = (clientId: string): Promise<unknown> =>
    run("mosquitto_pub", [
      ...["-h", "127.0.0.1", "-p", new URL(mqtt.eu).port, "-V", "5", "-q", "1", "-i", clientId],
      ...["-t", "plant/pump-7/flow", "-m", "31.5"],
    ]);
  await expect(publish("an-id-of-more-than-twenty-bytes")).rejects.toThrow(); // By the file.
  await publish("line-1");
  const url = new URL("/query", influx);
  const { username, password } = url;
  url.username = url.password = "";
  url.search = new URLSearchParams({ db: "skerry", q: "SELECT flow FROM pump" }).toString();
  const authorization = `Basic ${btoa(`${username}:${decodeURIComponent(password)}`)}`;
  await eventually("the reading is stored", async () =>
    (await (await fetch(url, { headers: { authorization } })).text()).includes("31.5"),
  );
  await eventually("the rule fires", async () => {
    const now = (await (await fetch(status["alerting-eu"]!)).json()) as AlertingStatus;
    return now.openAlerts === 1;
  });
  launcher.signal("SIGTERM");
  expect(await launcher.exit(), launcher.output).toBe(0);
  expect(launcher.report()).toMatchObject({ acknowledged: 0, missing: 0, incidents: [] });
}, 120_000);

test.each([
  [["--set", "gateway.limit-conections-max=5"], /the nearest is limit-connections-max/],
  [
    ["--set", "gateway.mqtt-port=1883"],
    /--set for SKERRY_MQTT_PORT: gateway is told that by skerry up itself/,
  ],
  [["--config", "/nowhere.yaml"], /the configuration file cannot be read/],
  [["--contracts", "/nowhere"], /--contracts \/nowhere: /],
])("%s says in a sentence what is wrong, and nothing is left", async (args, message) => {
  await using directory = await temporaryDirectory();
  await using launcher = new Launcher(directory.path, ["--port-base", "19500", ...args]);
  expect(await launcher.exit()).toBe(1);
  expect(launcher.output).toMatch(message);
  expect(launcher.output).not.toMatch(/^\s+at /m);
  expect(launcher.output.trim().split("\n")).toHaveLength(1);
});
