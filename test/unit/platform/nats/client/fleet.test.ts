import { expect, test } from "vitest";
import { fleetProblem } from "../../../../../platform/nats/client/fleet.ts";
import { VERSION } from "../../../../../platform/runtime/version.ts";

const fleet = { level: 2, by: "ada", atMs: Date.UTC(2026, 10, 28), version: "0.2.0" };

test("a program that does not read what is written says so in a sentence; one that does, starts", () => {
  expect(fleetProblem(fleet, 1)).toBe(
    `this is version ${VERSION}, which reads formats up to level 1, and the installation writes level 2 since ada ` +
      "finished the upgrade to 0.2.0 at 2026-11-28T00:00:00.000Z: start 0.2.0 or newer",
  );
  expect(fleetProblem(fleet, 2)).toBeNull();
  expect(fleetProblem(fleet, 3)).toBeNull();
  expect(fleetProblem({ ...fleet, v: 2 } as never, 3)).toContain("a fleet level of version 2");
});
