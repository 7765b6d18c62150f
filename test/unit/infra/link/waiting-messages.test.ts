// Goal: what is urgent leaves before what is not, each subject in its order, and nothing is lost or said twice.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TURNS, WaitingMessages, turnOf } from "../../../../infra/link/waiting-messages.ts";

test.each([
  [null, "first"],
  ["dlv.hub.ALERTS_eu.abc", "first"],
  ["dlv.hub.REPLIES_eu.abc", "first"],
  ["dlv.eu.COMMANDS.abc", "first"],
  ["dlv.eu.KV_devices.abc", "first"],
  ["$JS.eu.API.CONSUMER.CREATE.TELEMETRY_eu", "first"],
  ["_INBOX.TELEMETRY_eu", "first"],
  ["live.eu.digest.readings", "live"],
  ["dlv.hub.TELEMETRY_eu.abc", "last"],
  ["dlv.us.TELEMETRY_eu.abc", "last"],
  ["dlv.hub.REJECTS_eu.abc", "last"],
  ["snapshot.TELEMETRY_eu.abc", "last"],
] as const)("%s has its turn: %s", (subject, turn) => {
  expect(turnOf(subject)).toBe(turn);
});

const SUBJECTS = ["dlv.hub.TELEMETRY_eu.a", "live.eu.digest.readings", "dlv.hub.ALERTS_eu.b", null];

test("whatever comes when: of a subject in order, the urgent first, all of it once", () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(SUBJECTS.length - 1), length: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 120 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const waiting = new WaitingMessages();
      const queued: { turn: string; text: string }[] = [];
      const take = (bytesMax: number): void => {
        const taken = waiting.take(bytesMax).toString();
        const best = TURNS.find((turn) => queued.some((one) => one.turn === turn));
        let expected = "";
        for (;;) {
          const at = queued.findIndex(({ turn }) => turn === best);
          if (at < 0 || (expected !== "" && expected.length + queued[at]!.text.length > bytesMax))
            break;
          expected += queued.splice(at, 1)[0]!.text;
        }
        expect(taken).toBe(expected);
      };
      steps.forEach((one, n) => {
        if ("take" in one) return take(one.take);
        const subject = SUBJECTS[one.add]!;
        const text = `${n}.`.padEnd(one.length, "x");
        queued.push({ turn: turnOf(subject), text });
        waiting.add({ subject, bytes: Buffer.from(text) });
      });
      while (queued.length > 0) take(1_000);
      expect(waiting.total).toBe(0);
    }),
  );
});
