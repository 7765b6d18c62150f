import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveLimits } from "../../../../../gateway/broker/options.ts";
import { Owners, ownerKeyOf } from "../../../../../gateway/broker/session/owners.ts";
import type { Session } from "../../../../../gateway/broker/session/session.ts";

const keyOf = (principal: string | undefined, remoteAddress: string): string =>
  ownerKeyOf({ principal, remoteAddress });

test("a client that is logged in counts as its record, any other as the place of its address", () => {
  expect(keyOf("boiler-7", "192.0.2.1")).toBe("record:boiler-7");
  expect(keyOf(undefined, "::ffff:192.0.2.1")).toBe("address:192.0.2.1");
  expect(keyOf(undefined, "2001:db8:1:2:3::4")).toBe(keyOf(undefined, "2001:db8:1:2::5"));
  expect(keyOf("192.0.2.1", "192.0.2.1")).not.toBe(keyOf(undefined, "192.0.2.1"));
});

test("nobody's share is more than half of what all have", () => {
  const owners = new Owners(
    resolveLimits({
      connectionsMax: 60,
      retainedMessagesMax: 1,
      pendingSessionsMax: 1000,
      deviceSessionsMax: 30,
      addressShares: 10,
    }),
  );
  const device = owners.of("record:a").share;
  const address = owners.of("address:a").share;
  expect(device).toMatchObject({ connectionsMax: 30, retainedMax: 1, sessionsMax: 30, rates: 1 });
  expect(address).toMatchObject({ connectionsMax: 30, retainedMax: 1, sessionsMax: 300, rates: 4 });
});

test("the default shares let a fleet of 5,000 behind one address live, and leave room beside it", () => {
  const limits = resolveLimits();
  const { share } = new Owners(limits).of("address:192.0.2.1");
  expect(share.connectionsMax).toBeGreaterThanOrEqual(5_000);
  expect(share.sessionsMax).toBeGreaterThanOrEqual(5_000);
  expect(share.subscriptionsMax).toBeGreaterThanOrEqual(10_000);
  expect(limits.connectionsMax - share.connectionsMax).toBeGreaterThanOrEqual(5_000);
});

test("owners with nothing are forgotten, others are not", () => {
  const owners = new Owners(resolveLimits());
  owners.of("record:idle");
  const busy = owners.of("record:busy");
  busy.connections = 1;
  owners.prune();
  expect(owners.size).toBe(1);
  expect(owners.of("record:busy")).toBe(busy);
});

test("whoever has most sessions of absent clients is known at any time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 9 }), fc.boolean()), { maxLength: 100 }),
      (changes) => {
        const owners = new Owners(resolveLimits());
        const of = Array.from({ length: 4 }, (_, at) => owners.of(`record:${at}`));
        const sessions = of.map((owner) =>
          Array.from({ length: 10 }, () => ({ owner }) as unknown as Session),
        );
        for (const [who, which, leaves] of changes) {
          const session = sessions[who]![which]!;
          if (leaves) owners.park(session);
          else owners.unpark(session);
          const counts = of.map(({ away }) => away.size);
          expect(owners.away).toBe(counts.reduce((sum, each) => sum + each, 0));
          if (owners.away > 0) expect(owners.mostAway()?.away.size).toBe(Math.max(...counts));
        }
      },
    ),
  );
});
