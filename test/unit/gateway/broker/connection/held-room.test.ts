import { expect, test } from "vitest";
import { HeldRoom } from "../../../../../gateway/broker/connection/held-room.ts";
import { PAUSE, type Pausable } from "../../../../../gateway/broker/connection/pauses.ts";
import { makeCounters } from "../../../../../gateway/broker/counters.ts";

class Reader implements Pausable {
  readonly pauses = new Set<number>();

  pause(reason: number): void {
    this.pauses.add(reason);
  }

  resume(reason: number): void {
    this.pauses.delete(reason);
  }
}

test("whoever finds the room full is read again once a fifth of it is free", () => {
  const counters = makeCounters();
  const room = new HeldRoom(counters, 100);
  const reader = new Reader();
  room.take(100);
  expect(room.full).toBe(false);
  room.take(1);
  expect(room.full).toBe(true);
  room.wait(reader);
  expect(reader.pauses).toEqual(new Set([PAUSE.heldBytes]));
  room.give(1);
  room.reopen();
  expect(reader.pauses.size, "100 of 100 bytes are held").toBe(1);
  room.give(20);
  room.reopen();
  expect(reader.pauses.size, "80 of 100 bytes are held").toBe(0);
  expect(counters).toMatchObject({ publishesHeld: 0, publishesHeldBytes: 80 });
});

test("a connection that has left is not resumed", () => {
  const room = new HeldRoom(makeCounters(), 100);
  const reader = new Reader();
  room.take(101);
  room.wait(reader);
  room.leave(reader);
  room.give(101);
  room.reopen();
  expect(reader.pauses.size).toBe(1);
});
