import { expect, test } from "vitest";
import { ReceiverWarnings } from "../../../otel/receiver-warnings.ts";

const MINUTE_MS = 60_000;

function make() {
  const told: string[] = [];
  let nowMs = 0;
  const logger = { warn: (text: unknown) => void told.push(String(text)) };
  const warnings = new ReceiverWarnings("http://localhost:4318/otlp", logger, () => nowMs);
  return { told, warnings, wait: (ms: number) => void (nowMs += ms) };
}

test("what fails in one way for all is told once, and another signal's success hides nothing", () => {
  const { told, warnings, wait } = make();
  for (let minute = 0; minute < 30; minute++) {
    for (const signal of ["traces", "metrics"]) warnings.answered(signal, "connect ECONNREFUSED");
    warnings.answered("logs", null);
    wait(MINUTE_MS);
  }
  expect(told).toHaveLength(1);
});

test("each way to fail is told once, however long it lasts", () => {
  const { told, warnings, wait } = make();
  for (let minute = 0; minute < 60; minute++) {
    warnings.answered("traces", "connect ECONNREFUSED");
    warnings.answered("metrics", "Not Found");
    wait(MINUTE_MS);
  }
  expect(told).toEqual([
    "http://localhost:4318 takes no traces: connect ECONNREFUSED; they are left out until it does",
    "http://localhost:4318 takes no metrics: Not Found; they are left out until it does",
  ]);
});

test("a receiver that comes and goes is told of every ten minutes at most", () => {
  const { told, warnings, wait } = make();
  for (let minute = 0; minute < 25; minute++) {
    warnings.answered("logs", "connect ECONNREFUSED");
    warnings.answered("logs", null);
    wait(MINUTE_MS);
  }
  expect(told).toHaveLength(3);
});
