import { expect, test } from "vitest";
import {
  CLIENTS_MAX,
  SLOWED_FOR_MS,
  SlowedClients,
} from "../../../../gateway/live/slowed-clients.ts";

const client = (clientId: string) => ({ clientId, device: null, why: "rate" as const });

test("a client is slowed down until it was not for half a minute, and is new again after it", () => {
  const slowed = new SlowedClients();
  expect(slowed.note(client("a"), 0)).toBe(true);
  expect(slowed.note(client("b"), 1)).toBe(true);
  expect(slowed.note(client("a"), 2)).toBe(false);
  expect(slowed.now(3).map(({ clientId }) => clientId)).toEqual(["a", "b"]);
  expect(slowed.now(SLOWED_FOR_MS + 2)).toEqual([client("a")]);
  expect(slowed.now(SLOWED_FOR_MS + 3)).toEqual([]);
  expect(slowed.note(client("a"), SLOWED_FOR_MS + 4)).toBe(true);
});

test("ever new clients push out the oldest", () => {
  const slowed = new SlowedClients();
  for (let n = 0; n < CLIENTS_MAX + 5; n++) slowed.note(client(`c${n}`), n);
  expect(slowed.now(CLIENTS_MAX)).toHaveLength(CLIENTS_MAX);
  expect(slowed.now(CLIENTS_MAX)[0]!.clientId).toBe(`c${CLIENTS_MAX + 4}`);
});
