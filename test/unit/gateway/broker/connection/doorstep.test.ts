import { expect, test } from "vitest";
import { Doorstep } from "../../../../../gateway/broker/connection/doorstep.ts";

function aDoorstep(limits: { addressOpeningMax: number; openingMax: number }) {
  const closed: string[] = [];
  const reasons: string[] = [];
  const doorstep = new Doorstep({ limits, turnedAway: (reason) => void reasons.push(reason) });
  const enter = (place: string, key: string): boolean =>
    doorstep.enter({ place, key }, { destroy: () => void closed.push(key) });
  return { doorstep, enter, closed, reasons };
}

test("past the bound of an address the socket that is silent longest makes room for the next", () => {
  const { doorstep, enter, closed, reasons } = aDoorstep({ addressOpeningMax: 2, openingMax: 100 });
  for (const key of ["a1", "a2", "a3", "a4"]) expect(enter("a", key)).toBe(true);
  expect(enter("b", "b1")).toBe(true);
  expect(closed).toEqual(["a1", "a2"]);
  expect(reasons).toEqual(["address_opening", "address_opening"]);
  expect(doorstep.size).toBe(3);
  for (const key of ["a1", "a2", "a3", "a4"]) doorstep.passed({ place: "a", key });
  doorstep.passed({ place: "b", key: "b1" });
  expect(doorstep.size).toBe(0);
});

test("one that has said CONNECT is closed for nobody", () => {
  const { doorstep, enter, closed } = aDoorstep({ addressOpeningMax: 2, openingMax: 100 });
  for (const key of ["1", "2"]) {
    enter("a", key);
    doorstep.asked({ place: "a", key });
  }
  expect(enter("a", "3")).toBe(false);
  doorstep.passed({ place: "a", key: "1" });
  expect(enter("a", "4")).toBe(true);
  expect(closed).toEqual([]);
});

test("past the bound of all, the address that has most makes room, and none fills more than half", () => {
  const { enter, closed, reasons } = aDoorstep({ addressOpeningMax: 100, openingMax: 6 });
  for (const key of ["a1", "a2", "a3", "a4"]) enter("a", key);
  expect(closed).toEqual(["a1"]);
  for (const key of ["b1", "b2", "c1", "d1"]) expect(enter(key[0]!, key)).toBe(true);
  expect(closed).toEqual(["a1", "a2"]);
  expect(reasons).toEqual(["address_opening", "opening"]);
});
