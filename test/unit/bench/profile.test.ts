import { expect, test } from "vitest";
import { sharesOf } from "../../bench/profile.ts";

const node = (id: number, functionName: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url: "", lineNumber: 0 },
  children,
});

test("idle time counts for nobody, and recursion counts once", () => {
  const shares = sharesOf({
    nodes: [
      node(1, "(root)", [2, 3]),
      node(2, "(idle)"),
      node(3, "outer", [4]),
      node(4, "outer", [5]),
      node(5, "inner"),
    ],
    samples: [2, 3, 4, 5],
    timeDeltas: [1_000, 10, 20, 70],
  });
  expect(shares[0]).toEqual({ name: "inner", self: 0.7, total: 0.7 });
  expect(shares[1]).toEqual({ name: "outer", self: 0.3, total: 1 });
});
