import { expect, test } from "vitest";
import { as, helpText, loadConfig } from "../../../../platform/runtime/config.ts";

const spec = {
  natsUrl: { env: "SKERRY_NATS_URL", doc: "where NATS is", parse: as.url },
  mqttPort: {
    env: "SKERRY_MQTT_PORT",
    doc: "MQTT port",
    fallback: "1883",
    parse: as.integer(0, 65_535),
  },
};

test("a flag beats the environment beats the fallback; empty counts as unset", () => {
  const env = { SKERRY_NATS_URL: "nats://a", SKERRY_MQTT_PORT: "" };
  expect(loadConfig(spec, env)).toEqual({ natsUrl: "nats://a", mqttPort: 1883 });
  expect(loadConfig(spec, env, ["--nats-url", "nats://b"]).natsUrl).toBe("nats://b");
});

test("all problems come together, each naming its option", () => {
  const load = (): unknown => loadConfig(spec, { SKERRY_MQTT_PORT: "99999" }, ["--nats-url", "%"]);
  expect(load).toThrow(/SKERRY_MQTT_PORT must be a whole number/);
  expect(load).toThrow(/--nats-url must be a URL/);
  expect(() => loadConfig(spec, {}, ["--mqtt-prot", "1"])).toThrow(/--mqtt-prot/);
  expect(() => loadConfig(spec, {})).toThrow(/SKERRY_NATS_URL is required: where NATS is/);
});

test.each([
  ["250ms", 250],
  ["1.5s", 1500],
  ["10m", 600_000],
])("duration %s", (raw, ms) => expect(as.durationMs(raw)).toBe(ms));

test("help names flag, variable, doc and default", () => {
  expect(helpText("T", spec)).toContain(
    "--mqtt-port, SKERRY_MQTT_PORT\n      MQTT port (default 1883)",
  );
});
