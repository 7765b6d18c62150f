import { expect, test } from "vitest";
import { givenTo, parseSets, withGiven } from "../../../../infra/local/overrides.ts";
import { learnedDirectory } from "../../../../infra/local/places.ts";
import { planLocal } from "../../../../infra/local/plan.ts";
import { optionTables } from "../../../../infra/processes/option-tables.ts";
import { parseConfigFile } from "../../../../platform/runtime/config-file/parse.ts";

const tables = optionTables({});
const options = {
  ...{ portBase: 14_200, dataDir: "/data", devices: 20, rate: 200, keepTimes: false },
  ...{ aggregators: 1, channels: null, smtpUrl: null },
};
const context = {
  programs: { "nats-server": "/bin/nats-server", influxd: "/bin/influxd" },
  node: "/bin/node",
  secret: (name: string) => name.replaceAll(" ", "-"),
  runId: "run",
  passedEnv: {},
};
const { services } = planLocal(options, context);
const fileOf = (text: string) => ({ path: "skerry.yaml", entries: parseConfigFile(text).entries });

function plansWith(
  { file = "", sets = [] }: { file?: string; sets?: readonly string[] },
  env: Record<string, string> = {},
) {
  const ignored: string[] = [];
  const given = { tables, file: fileOf(file), sets: parseSets(sets, tables), env };
  const plans = withGiven(services, given, (label) => ignored.push(label));
  return { of: (name: string) => plans.find((plan) => plan.name === name)!.env, ignored };
}

test("an option reaches every process of its kind, and no other", () => {
  const { of } = plansWith({ sets: ["gateway.limit-connections-max=7"] });
  for (const region of ["eu", "us"])
    expect(of(`gateway-${region}`)["SKERRY_LIMIT_CONNECTIONS_MAX"]).toBe("7");
  expect(of("aggregator")).toEqual(services.find(({ name }) => name === "aggregator")!.env);
});

test("--set counts before the environment, that before the file, and all before the demo", () => {
  const file = "shared: {log-level: warn}\nalerting: {rules: /mine.json}";
  expect(plansWith({ file }).of("alerting-eu")).toMatchObject({
    SKERRY_LOG_LEVEL: "warn",
    SKERRY_RULES: "/mine.json",
  });
  const env = { SKERRY_LOG_LEVEL: "error" };
  expect(plansWith({ file }, env).of("steward")["SKERRY_LOG_LEVEL"]).toBe("error");
  const sets = ["shared.log-level=debug"];
  expect(plansWith({ file, sets }, env).of("steward")["SKERRY_LOG_LEVEL"]).toBe("debug");
});

test("what the launcher wires itself stays: said of a file, refused of --set", () => {
  const file =
    "gateway:\n  nats-url: nats://elsewhere\n  nats-password: x\n  mqtt-port: 1883\n  age-max: 9d";
  const { of, ignored } = plansWith({ file });
  expect(of("gateway-eu")).toMatchObject({ SKERRY_MQTT_PORT: "14212", SKERRY_AGE_MAX: "9d" });
  expect(of("gateway-eu")).not.toHaveProperty("SKERRY_NATS_PASSWORD");
  expect(new Set(ignored)).toEqual(
    new Set([
      "skerry.yaml:2: gateway.nats-url",
      "skerry.yaml:3: gateway.nats-password",
      "skerry.yaml:4: gateway.mqtt-port",
    ]),
  );
  for (const set of ["gateway.mqtt-port=1883", "aggregator.partitions=4", "shared.region=eu"])
    expect(() => plansWith({ sets: [set] })).toThrow(/is told that by skerry up itself/);
});

test.each([
  ["gateway.limit-conections-max=7", /the nearest is limit-connections-max/],
  ["gatewy.region=eu", /there is no section gatewy; the nearest is gateway/],
  ["gateway", /must be process.option=value/],
  ["gateway.region", /must be process.option=value/],
])("--set %s says what would be right", (set, message) =>
  expect(() => parseSets([set], tables)).toThrow(message),
);

test("a value may hold = and dots", () =>
  expect(parseSets(["notifier.smtp-url=smtp://a.b?x=y"], tables)).toEqual([
    { section: "notifier", key: "smtp-url", raw: "smtp://a.b?x=y", line: 0 },
  ]));

test("channels of the file are found, so that there is a notifier", () => {
  const file = fileOf("notifier: {channels: /c.json}");
  const { env } = givenTo("notifier", { tables, file, sets: [], env: {} });
  expect(env["SKERRY_CHANNELS"]).toBe("/c.json");
});

test("without the demo's rules and mappings there is only what was learned, and with one's own those as well", () => {
  const envOf = (more: object, name: string) =>
    planLocal({ ...options, ...more }, context).services.find((one) => one.name === name)!.env;
  const none = { rules: null, mappings: null };
  expect(envOf(none, "alerting-eu")).not.toHaveProperty("SKERRY_RULES");
  for (const name of ["gateway-us", "console"])
    expect(envOf(none, name)["SKERRY_MAPPINGS"]).toBe(learnedDirectory(options));
  const own = { rules: "/r.json", mappings: "/m.json", schemas: "/c" };
  expect(envOf(own, "console")).toMatchObject({
    ...{
      SKERRY_RULES: "/r.json",
      SKERRY_MAPPINGS: `/m.json,${learnedDirectory(options)}`,
      SKERRY_SCHEMAS: "/c",
    },
  });
  for (const name of ["gateway-eu", "alerting-us", "aggregator", "steward"])
    expect(envOf(own, name)["SKERRY_SCHEMAS"]).toBe("/c");
});

test("without devices no simulator is named or asked", () => {
  const plan = planLocal({ ...options, devices: 0 }, context);
  expect(plan.isSimulated).toBe(false);
  expect(plan.addresses.status).not.toHaveProperty("simulator");
});
