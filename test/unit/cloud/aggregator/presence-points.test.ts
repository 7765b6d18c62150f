// Goal: a contract without a number, such as presence, makes only lines that InfluxDB takes.
import { expect, test } from "vitest";
import { joinedAt } from "../../../../cloud/aggregator/position.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import { LAYOUTS, LoggedAggregate, MINUTE_MS, linesOf } from "../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

test("strings land as strings, and rollups hold the count alone", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const aggregate = new LoggedAggregate(LAYOUTS, joinedAt(START_MS - 2 * MINUTE_MS));
  let seq = 0;
  const apply = (clockMs: number, ...states: ["online" | "offline", string][]): string[] => {
    const readings = states.map(([state, reason], at) => ({
      device: "room 7",
      contract: "presence",
      version: 1,
      receivedAtMs: clockMs,
      payload: { ts: clockMs - 10 + at, state, reason, gateway: "gateway-1" },
    }));
    seq += 1;
    const data = writer.encode(readings, clockMs);
    const outcome = aggregate.applyLogged({ seq, storeMs: clockMs, data });
    if (outcome.kind !== "effects") throw new Error(outcome.kind);
    aggregate.acknowledged(seq);
    return linesOf(outcome);
  };
  const lines = [
    ...apply(START_MS + 1_000, ["online", "connected"], ["offline", "will"]),
    ...apply(START_MS + 2_500, ["online", "connected"]),
    ...apply(START_MS + 5 * MINUTE_MS),
  ];
  const tags = "region=eu,device=room\\ 7";
  const raw = lines.filter((line) => line.startsWith("presence,"));
  expect(raw).toHaveLength(3);
  expect(raw[1]).toMatch(
    /^presence,region=eu,device=room\\ 7 state="offline",reason="will",gateway="gateway-1" \d{19}$/,
  );
  const rollups = lines.filter((line) => line.startsWith("presence_"));
  for (const line of rollups)
    expect(line).toMatch(
      /^presence_(?:10s|1m)(?:_open)?,region=eu,device=room\\ 7 count=\d+i(?:,revision=0i)? \d{19}$/,
    );
  for (const window of ["10s", "1m"])
    expect(rollups).toContain(`presence_${window},${tags} count=3i,revision=0i ${START_MS}000000`);
});
