import { expect, test } from "vitest";
import { oncePerTurn } from "../../../otel/once-per-turn.ts";

test("what is read twice in one turn is looked at once, and anew in the next", async () => {
  let looks = 0;
  const read = oncePerTurn(() => (looks += 1));
  expect([read(), read(), read()]).toEqual([1, 1, 1]);
  await Promise.resolve();
  expect([read(), read()]).toEqual([2, 2]);
});
