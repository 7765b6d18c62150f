import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_PLACE, Places, REPEATED } from "../../../../cloud/aggregator/places.ts";
import { PLACED, identityOf } from "../../../../contracts/messages/identity.ts";
import { CATALOG } from "../../../support/lane-log.ts";

const MACHINE = CATALOG.versions("machine")[0]!;

/** Puts a reading of millisecond 5. */
const put = (places: Places, device: string, temperature: number): number =>
  places.take(device, 5, identityOf(MACHINE, { ts: 5, temperature }, 5), 0);

test("100,000 readings of one device in one millisecond have a place each, and again the same", () => {
  const [first, second] = [new Places(0), new Places(0)];
  const slots = new Set<number>();
  for (let n = 0; n < 100_000; n++) {
    const slot = put(first, "m", n / 10);
    slots.add(slot);
    if (put(second, "m", n / 10) !== slot) throw new Error(`another place for ${n}`);
  }
  expect(slots.size).toBe(100_000);
  expect(Math.min(...[...slots].slice(0, 1_000))).toBeGreaterThanOrEqual(0);
  expect(put(first, "m", 77.7)).toBe(REPEATED);
});

test("readings that ask for one slot get one each, a repeat gets none", () => {
  const asked = fc.record({ round: fc.nat({ max: 9 }), slot: fc.nat({ max: 9 }) });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 60 }), (sent) => {
      const places = new Places(0);
      const slots = new Map<number, number>();
      for (const { round, slot } of sent) {
        const identity = round * 7_000_000_000 + slot;
        const given = places.take("d", 5, identity, 0);
        if (slots.has(identity)) expect(given).toBe(REPEATED);
        else slots.set(identity, given);
      }
      expect(new Set(slots.values()).size).toBe(slots.size);
      for (const slot of slots.values()) expect(slot >= 0 && slot < 1e6).toBe(true);
    }),
  );
});

test("equal readings that only their places in the log tell apart have a place each", () => {
  const places = new Places(0);
  const slots = new Set<number>();
  // Two gateways number their readings alike.
  for (const ordinal of [0, 1, 2, 999_999, 1_000_000, 0, 1, 2, 999_999])
    slots.add(places.take("d", 5, PLACED, ordinal));
  expect(slots.size).toBe(9);
  expect(Math.min(...slots)).toBeGreaterThanOrEqual(0);
});

test("devices of one series do not take each other's places", () => {
  const places = new Places(0);
  expect(put(places, "b", 1)).toBe(put(places, "a", 1));
  expect(put(places, "b", 1)).toBe(REPEATED);
});

test("a millisecond that is full says so instead of giving a place twice", () => {
  const places = new Places(0);
  const slots = new Set<number>();
  let refused = 0;
  for (let n = 0; n < 1_100_000; n++) {
    const slot = put(places, "m", n);
    if (slot === NO_PLACE) refused += 1;
    else slots.add(slot);
  }
  expect(slots.size + refused).toBe(1_100_000);
  expect(slots.size).toBeGreaterThan(900_000);
}, 60_000);
