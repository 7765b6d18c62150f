import { expect, test } from "vitest";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { ruleCounts } from "../../../../../gateway/alerting/rules/rule-counts.ts";
import { START_MS, high, lane, room } from "../../../../support/room-lane.ts";

test("a rule counts the readings that it was asked about, held or not, and the states of its keys", () => {
  const slow = { ...high("slow"), for: "1m" };
  const always = [{ cron: "* * * * *", for: "1h" }];
  const under = lane(high("a"), slow, { ...high("quiet"), silences: always });
  under.frame(START_MS, room("r", 2_000), room("s", 100));
  under.frame(START_MS + 1_000, room("r", 2_000));
  const counts = ruleCounts([under.rules.rules]);
  expect(counts.get("a")).toEqual({ evaluations: 3, pending: 0, firing: 1, silenced: 0 });
  expect(counts.get("slow")).toEqual({ evaluations: 3, pending: 1, firing: 0, silenced: 0 });
  expect(counts.get("quiet")).toEqual({ evaluations: 3, pending: 0, firing: 0, silenced: 1 });
});

test("a rule that begins counts from then on, and the change of another one begins no count anew", () => {
  const under = lane(high("a"), high("b"));
  under.frame(START_MS, room("r", 100));
  under.setRules(parseRules([high("a"), high("b", 2), high("c")]));
  under.frame(START_MS + 1_000, room("r", 100), room("s", 100));
  const counts = ruleCounts([under.rules.rules]);
  expect(["a", "b", "c"].map((id) => counts.get(id)!.evaluations)).toEqual([3, 2, 2]);
});

test("a rule that waits for keys counts the readings that it waits for", () => {
  const under = lane({ id: "gone", version: 1, kind: "absence", contract: "room", for: "10s" });
  under.frame(START_MS, room("r", 100), room("s", 100));
  expect(ruleCounts([under.rules.rules]).get("gone")!.evaluations).toBe(2);
});
