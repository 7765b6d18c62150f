// No device pushes out rejects of one that has fewer, and what goes is just enough.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type RejectShare,
  fairCuts,
  fairLevel,
} from "../../../../../platform/nats/lanes/reject-shares.ts";

const share = (device: string, messages: number, size = 100, reason = "not_json"): RejectShare => ({
  subject: `rejects.eu.${reason}.${device}`,
  device,
  messages,
  bytes: messages * size,
});

test("whoever has most gives, and nobody else", () => {
  const shares = [share("flood", 1_000), share("quiet", 13), share("some", 200)];
  expect(fairCuts(shares, 51_300)).toEqual([{ subject: "rejects.eu.not_json.flood", keep: 300 }]);
});

test("two that flood end at the same level", () => {
  const shares = [share("a", 1_000), share("b", 600), share("quiet", 10)];
  expect(fairCuts(shares, 81_000).map(({ keep }) => keep)).toEqual([400, 400]);
});

test("a few large ones count by their bytes", () => {
  expect(fairCuts([share("large", 10, 10_000), share("small", 500)], 100_000)).toEqual([
    { subject: "rejects.eu.not_json.large", keep: 5 },
  ]);
});

test("all reasons of a device give the same share", () => {
  const shares = [share("a", 100), share("a", 300, 100, "clock_ahead")];
  expect(fairCuts(shares, 20_000).map(({ keep }) => keep)).toEqual([50, 150]);
});

test("with room for all nobody gives", () => {
  expect(fairCuts([share("a", 5), share("b", 7)], 1_200)).toEqual([]);
});

test("the level leaves no more than the target, and all of it where there is that much", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { maxLength: 40 }), fc.nat(100_000), (all, target) => {
      const level = fairLevel(all, target);
      const left = all.reduce((sum, one) => sum + Math.min(one, level), 0);
      const total = all.reduce((sum, one) => sum + one, 0);
      expect(left).toBeCloseTo(Math.min(target, total), 3);
    }),
  );
});
