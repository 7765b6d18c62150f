// One alert for each place and reason as long as a record of it is kept, also over a restart.
import { expect, test } from "vitest";
import { setAsideSubject } from "../../../../../contracts/names/subjects.ts";
import { watchSetAside } from "../../../../../platform/nats/lanes/set-aside-watch.ts";
import { AppError } from "../../../../../platform/runtime/errors.ts";
import { eventually } from "../../../../support/eventually.ts";

test("raised once, whatever the number; resolved with the last record; an outage says nothing", async () => {
  const held = new Map<string, number>();
  let lastSeq = 0;
  let isAway = false;
  const put = (kind: string, seq: number): void => {
    const place = { stream: "S", subject: "s", seq };
    held.set(setAsideSubject({ domain: "eu", by: "gateway", kind, reason: "failed", place }), 1);
    lastSeq += 1;
  };
  const streams = {
    state: () =>
      isAway
        ? Promise.reject(new AppError("NATS_UNAVAILABLE", "retry", "away"))
        : Promise.resolve({ lastSeq, messages: held.size } as never),
    subjects: () => Promise.resolve(held),
  };
  const told: string[] = [];
  const tell = ({ key, count, message }: { key: string; count: number; message: string }) => {
    told.push(`${key} ${count}`);
    expect(message).toMatch(/^eu: /);
    return Promise.resolve();
  };
  const stop = new AbortController();
  const known = ["gateway/rule/unreadable"];
  const watching = watchSetAside({ streams, domain: "eu", told: known, tell }, stop.signal);
  // What an earlier start has told of, and is over.
  await eventually("the old one is resolved", () => told.length === 1);
  expect(told).toEqual(["gateway/rule/unreadable 0"]);
  put("alert", 1);
  put("alert", 2);
  put("device", 1);
  await eventually("both are raised", () => told.length === 3);
  put("alert", 3);
  isAway = true;
  held.clear();
  lastSeq += 1;
  isAway = false;
  await eventually("both are resolved", () => told.length === 5);
  expect(told.slice(1).sort()).toEqual([
    "gateway/alert/failed 0",
    "gateway/alert/failed 2",
    "gateway/device/failed 0",
    "gateway/device/failed 1",
  ]);
  stop.abort();
  await watching;
});
