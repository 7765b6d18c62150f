import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveLimits } from "../../../../../gateway/broker/options.ts";
import { Holders, holderKeyOf } from "../../../../../gateway/broker/session/holders.ts";
import type { Session } from "../../../../../gateway/broker/session/session.ts";

const keyOf = (principal: string | undefined, remoteAddress: string): string =>
  holderKeyOf({ principal, remoteAddress });

test("a client that is logged in counts as its record, any other as the place of its address", () => {
  expect(keyOf("boiler-7", "192.0.2.1")).toBe("record:boiler-7");
  expect(keyOf(undefined, "::ffff:192.0.2.1")).toBe("address:192.0.2.1");
  expect(keyOf(undefined, "2001:db8:1:2:3::4")).toBe(keyOf(undefined, "2001:db8:1:2::5"));
  expect(keyOf("192.0.2.1", "192.0.2.1")).not.toBe(keyOf(undefined, "192.0.2.1"));
});

test("nobody's share is more than half of what all have", () => {
  const holders = new Holders(
    resolveLimits({
      connectionsMax: 60,
      retainedMessagesMax: 1,
      pendingSessionsMax: 1000,
      deviceSessionsMax: 30,
      addressShares: 10,
    }),
  );
  const device = holders.of("record:a").share;
  const address = holders.of("address:a").share;
  expect(device).toMatchObject({ connectionsMax: 30, retainedMax: 1, sessionsMax: 30, rates: 1 });
  expect(address).toMatchObject({ connectionsMax: 30, retainedMax: 1, sessionsMax: 300, rates: 4 });
});

test("the default shares let a fleet of 5,000 behind one address live, and leave room beside it", () => {
  const limits = resolveLimits();
  const { share } = new Holders(limits).of("address:192.0.2.1");
  expect(share.connectionsMax).toBeGreaterThanOrEqual(5_000);
  expect(share.sessionsMax).toBeGreaterThanOrEqual(5_000);
  expect(share.subscriptionsMax).toBeGreaterThanOrEqual(10_000);
  expect(limits.connectionsMax - share.connectionsMax).toBeGreaterThanOrEqual(5_000);
});

test("holders with nothing are forgotten, others are not", () => {
  const holders = new Holders(resolveLimits());
  holders.of("record:idle");
  const busy = holders.of("record:busy");
  busy.connections = 1;
  holders.prune();
  expect(holders.size).toBe(1);
  expect(holders.of("record:busy")).toBe(busy);
});

test("whoever has most sessions of absent clients is known at any time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 9 }), fc.boolean()), { maxLength: 100 }),
      (changes) => {
        const holders = new Holders(resolveLimits());
        const of = Array.from({ length: 4 }, (_, at) => holders.of(`record:${at}`));
        const sessions = of.map((holder) =>
          Array.from({ length: 10 }, () => ({ holder }) as unknown as Session),
        );
        for (const [who, which, leaves] of changes) {
          const session = sessions[who]![which]!;
          if (leaves) holders.park(session);
          else holders.unpark(session);
          const counts = of.map(({ away }) => away.size);
          expect(holders.away).toBe(counts.reduce((sum, each) => sum + each, 0));
          if (holders.away > 0) expect(holders.mostAway()?.away.size).toBe(Math.max(...counts));
        }
      },
    ),
  );
});
