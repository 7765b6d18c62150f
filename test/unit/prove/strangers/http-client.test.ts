// Goal: an answer over HTTP that is none of what was sent is told, and good readings that it refuses are wrong.
import { expect, test } from "vitest";
import { judge } from "../../../prove/strangers/http-client.ts";
import type { ReadingFate, RejectFate, Sent } from "../../../prove/strangers/sent.ts";

const reading: ReadingFate = {
  ...{ becomes: "reading", device: "d", contract: "machine", ms: 1, values: {}, by: "content" },
};
const reject: RejectFate = { becomes: "reject", device: "d", reason: "not_json" };
const sent = (): Sent[] =>
  [[reading], [reject]].map((fates) => ({
    ...{ region: "eu" as const, topic: "t", payload: "", fates, attempts: 1, answer: null },
  }));
const rejected = '{"outcome":"rejected","reason":"not_json"}';

test.each([
  [207, `{"elements":[{"outcome":"stored"},${rejected}]}`, null, 0],
  [207, `{"elements":[{"outcome":"repeated"},${rejected}]}`, null, 0],
  [200, '{"elements":[{"outcome":"stored"},{"outcome":"stored"}]}', /element 1.*not reject/, 0],
  [422, `{"elements":[${rejected},${rejected}]}`, /element 0.*not reading/, 0],
  [200, '{"elements":[{"outcome":"stored"}]}', /200 for 2 elements: 1 outcomes/, 0x80],
  [500, "a fault", /500 for 2 elements/, 0x80],
])("%s %s", (status, text, fault, answer) => {
  const of = sent();
  const told = judge({ status, text }, of);
  if (fault === null) expect(told).toBeNull();
  else expect(told).toMatch(fault);
  expect(of.map((one) => one.answer)).toEqual([answer, answer]);
});
