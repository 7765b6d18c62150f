import { expect, test } from "vitest";
import { ContestedIds, TAKEOVERS_PER_MINUTE } from "../../../../gateway/presence/contested-ids.ts";

const T0 = 1_800_000_000_000;
const from = (remoteAddress: string, clientId = "twin") => ({ clientId, remoteAddress });

function fight(ids: ContestedIds, options: { times: number; everyMs: number; sinceMs?: number }) {
  const { times, everyMs, sinceMs = T0 } = options;
  for (let n = 0; n < times; n++)
    ids.takenOver(from(n % 2 === 0 ? "10.0.0.1" : "10.0.0.2"), sinceMs + n * everyMs);
  return sinceMs + (times - 1) * everyMs;
}

test("two clients that take one id from each other all the time are a contest, by their addresses", () => {
  const ids = new ContestedIds();
  const nowMs = fight(ids, { times: 20, everyMs: 500 });
  expect(ids.contests(nowMs)).toEqual([
    { clientId: "twin", takeovers: 20, addresses: ["10.0.0.1", "10.0.0.2"] },
  ]);
  expect(ids.takeovers).toBe(20);
});

test("a device that comes back over a bad link now and then is none", () => {
  const ids = new ContestedIds();
  const nowMs = fight(ids, { times: 60, everyMs: 7_000 });
  expect(ids.contests(nowMs)).toEqual([]);
  const few = new ContestedIds();
  expect(few.contests(fight(few, { times: TAKEOVERS_PER_MINUTE, everyMs: 10 }))).toEqual([]);
});

test("a contest is over once it was quiet for two minutes", () => {
  const ids = new ContestedIds();
  const nowMs = fight(ids, { times: 20, everyMs: 500 });
  expect(ids.contests(nowMs + 119_000)).toHaveLength(1);
  expect(ids.contests(nowMs + 120_000)).toEqual([]);
});

test("any number of client ids takes a bounded memory", () => {
  const ids = new ContestedIds();
  fight(ids, { times: 20, everyMs: 10 });
  for (let n = 0; n < 10_000; n++) ids.takenOver(from("10.0.0.3", `id-${n}`), T0 + 300);
  expect(ids.contests(T0 + 300)).toEqual([]);
});
