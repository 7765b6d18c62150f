import { expect, test } from "vitest";
import { TELEMETRY_OPTIONS } from "../../../otel/options.ts";

const { otlpHeaders, otlpSignals } = TELEMETRY_OPTIONS;

test("headers are pairs with percent-encoded values", () => {
  expect(otlpHeaders.parse("")).toEqual({});
  expect(otlpHeaders.parse("authorization=Bearer%20a%3Db, x-tenant = one")).toEqual({
    authorization: "Bearer a=b",
    "x-tenant": "one",
  });
});

test.each(["authorization", "=x", "a b=c", "a=%zz"])("headers %j are refused", (raw) => {
  expect(() => otlpHeaders.parse(raw)).toThrow();
});

test("signals are named, and no others", () => {
  expect(otlpSignals.parse("traces, logs")).toEqual(["traces", "logs"]);
  expect(() => otlpSignals.parse("traces,profiles")).toThrow("profiles");
});
