import { expect, test } from "vitest";
import { saidBySteward } from "../../../../../infra/cli/status/insight.ts";
import type { StewardStatus } from "../../../../../contracts/messages/status.ts";

const NOW_MS = 1_000_000;
const INSIGHT = { atMs: NOW_MS - 1_000, state: "ok", sentence: "All is well.", problems: [] };
const steward = (insight: object | null) => ({
  ...{ name: "steward", address: "127.0.0.1:1", isReady: true },
  status: { process: "steward", insight } as unknown as StewardStatus,
});

test("the steward's verdict counts while it is fresh: a steward that hangs says nothing of now", () => {
  expect(saidBySteward([steward(INSIGHT)], NOW_MS)).toEqual(INSIGHT);
  expect(saidBySteward([steward({ ...INSIGHT, atMs: NOW_MS - 20_000 })], NOW_MS)).toBeNull();
  expect(saidBySteward([steward(null)], NOW_MS)).toBeNull();
  expect(saidBySteward([{ ...steward(INSIGHT), status: null }], NOW_MS)).toBeNull();
});
