import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MOVES_KEPT,
  UNASSIGNED,
  moved,
  ownerOf,
  parseAssignment,
} from "../../../../contracts/messages/notification.ts";

test("every alert keeps the owner that it had when it was the newest, whatever is moved later", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: MOVES_KEPT }),
      (alertsBetween) => {
        let assignment = UNASSIGNED;
        const owners: string[] = [];
        for (const count of alertsBetween) {
          for (let n = 0; n < count; n++) owners.push(assignment.at);
          assignment = moved(assignment, owners.length);
        }
        for (const [at, owner] of owners.entries()) expect(ownerOf(assignment, at + 1)).toBe(owner);
        expect(ownerOf(assignment, owners.length + 1)).toBe(assignment.at);
        expect(parseAssignment(JSON.stringify(assignment))).toEqual(assignment);
      },
    ),
  );
});

test("what is no assignment is none", () => {
  for (const text of ["", "{}", '{"at":"moon","sinceSeq":1}', '{"at":"hub"}'])
    expect(parseAssignment(text)).toBeNull();
  expect(parseAssignment('{"at":"region","sinceSeq":3}')).toEqual({
    at: "region",
    sinceSeq: 3,
    before: [],
  });
});
