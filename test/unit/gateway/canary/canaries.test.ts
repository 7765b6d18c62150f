import { expect, test } from "vitest";
import { CANARY_LANES_MAX, partitionsOfRound } from "../../../../gateway/canary/canaries.ts";

test("each of a few lanes has a canary in every round", () => {
  for (const round of [0, 1, 7]) expect(partitionsOfRound(round, 4).sort()).toEqual([0, 1, 2, 3]);
});

test("many lanes take turns, and none is left out", () => {
  const rounds = [0, 1, 2].map((round) => partitionsOfRound(round, 20));
  expect(rounds.every(({ length }) => length === CANARY_LANES_MAX)).toBe(true);
  expect(new Set(rounds.flat()).size).toBe(20);
});
