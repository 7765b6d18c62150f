import { expect, test } from "vitest";
import { outgoingPorts, portBaseWarning } from "../../../../infra/local/preflight.ts";

const RANGE = [32_768, 60_999] as const;

test("a port base among the ports of outgoing connections is warned of, with one that is not", () => {
  for (const base of [14_200, 32_738, 61_000]) expect(portBaseWarning(base, RANGE)).toBeNull();
  for (const base of [32_739, 32_768, 40_000, 60_999])
    expect(portBaseWarning(base, RANGE)).toContain("choose a port base up to 32738");
});

test("where the system says nothing of its range, that of Linux is taken", () => {
  expect(outgoingPorts("/nowhere")).toEqual(RANGE);
});
