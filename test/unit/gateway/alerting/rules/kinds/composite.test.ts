import { describe, expect, test } from "vitest";
import { brief } from "../../../../../support/lane-frames.ts";
import { START_MS, lane, room } from "../../../../../support/room-lane.ts";

describe("composite", () => {
  const both = {
    id: "both",
    version: 1,
    kind: "composite",
    contracts: { a: "room", b: "presence" },
    when: "a.co2 > 25 && b.state == 'on'",
    within: "10m",
  };
  const link = (payload: Record<string, unknown>) => ({
    device: "r",
    contract: "presence",
    payload,
  });

  test("a reading without a value does not forget it", () => {
    const under = lane(both);
    under.frame(START_MS, link({ state: "on" }), link({ reason: "later, of the same contract" }));
    expect(brief(under.frame(START_MS + 1_000, room("r", 30)))).toEqual(["both r firing"]);
  });

  test("each value has an age of its own", () => {
    const under = lane({ ...both, when: "a.co2 > 25 && b.state == 'on' && b.reason == 'x'" });
    under.frame(START_MS, link({ state: "on", reason: "x" }));
    under.frame(START_MS + 500_000, link({ reason: "x" }));
    // The state is older than 10 minutes, though a newer reading of its contract came.
    expect(brief(under.frame(START_MS + 601_000, room("r", 30)))).toEqual([]);
    expect(brief(under.frame(START_MS + 602_000, link({ state: "on" })))).toEqual([
      "both r firing",
    ]);
  });
});
