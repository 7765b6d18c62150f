import { pino } from "pino";
import { expect, test } from "vitest";
import { SINK_OPTIONS, openSink } from "../../../../cloud/sinks/sinks.ts";
import { loadConfig } from "../../../../platform/runtime/config.ts";

const SILENT = pino({ level: "silent" });
const open = (env: Record<string, string>) => openSink(loadConfig(SINK_OPTIONS, env), SILENT);

test("the sink is InfluxDB unless another is named", () => {
  expect(open({ SKERRY_INFLUX_URL: "http://127.0.0.1:8086" }).name).toBe("influx");
  expect(open({ SKERRY_SINK: "file", SKERRY_SINK_FILE: "readings.jsonl" }).name).toBe("file");
});

test("each sink says which option it lacks; an unknown one is refused", () => {
  expect(() => open({})).toThrow(/^SKERRY_INFLUX_URL is required: InfluxDB: http/);
  expect(() => open({ SKERRY_SINK: "file" })).toThrow(/^SKERRY_SINK_FILE is required/);
  expect(() => open({ SKERRY_SINK: "paper" })).toThrow("must be influx or file");
  expect(() => open({ SKERRY_INFLUX_URL: "nowhere" })).toThrow(/must be a URL/);
});
