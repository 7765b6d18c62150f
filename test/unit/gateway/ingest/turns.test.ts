import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "../../../../gateway/ingest/turns.ts";

function someWork(bounds: { atOnceMax: number; costMax: number }) {
  const turns = new Turns(bounds);
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const want = (holder: string, name: string, cost = 1): Promise<void> =>
    turns.run(holder, cost, () => {
      begun.push(name);
      return new Promise((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve())),
      );
    });
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)!(error);
    await turn();
  };
  return { begun, want, end };
}

test("holders take turns, however much one of them wants", async () => {
  const { begun, want, end } = someWork({ atOnceMax: 1, costMax: 100 });
  for (let at = 1; at <= 3; at++) void want("greedy", `greedy ${at}`);
  void want("other", "other 1");
  expect(begun).toEqual(["greedy 1"]);
  await end("greedy 1");
  await end("greedy 2");
  await end("other 1");
  expect(begun).toEqual(["greedy 1", "greedy 2", "other 1", "greedy 3"]);
});

test("so much at once by number and by cost, and one piece whatever it costs", async () => {
  const { begun, want, end } = someWork({ atOnceMax: 2, costMax: 10 });
  void want("a", "large", 50);
  void want("b", "b 1", 1);
  expect(begun).toEqual(["large"]);
  await end("large");
  void want("c", "c 1", 9);
  void want("d", "d 1", 1);
  expect(begun).toEqual(["large", "b 1", "c 1"]);
  await end("c 1");
  expect(begun).toEqual(["large", "b 1", "c 1", "d 1"]);
});

test("the outcome is that of the work, and work that fails makes room too", async () => {
  const { begun, want, end } = someWork({ atOnceMax: 1, costMax: 1 });
  const outcome = want("a", "1");
  const after = want("a", "2");
  const failed = expect(outcome).rejects.toThrow("no");
  await end("1", new Error("no"));
  await failed;
  await end("2");
  await after;
  expect(begun).toEqual(["1", "2"]);
});
