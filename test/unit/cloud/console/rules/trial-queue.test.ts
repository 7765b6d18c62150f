import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TrialQueue } from "../../../../../cloud/console/rules/trial-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue, who asked it, and what has begun, in that order. */
function world() {
  const queue = new TrialQueue(() => Date.now());
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const leaves = new Map<string, () => void>();
  const ask = (id: string, isOperator = false): Promise<string> => {
    const gone = new AbortController();
    leaves.set(id, () => gone.abort());
    const answer = queue.run({ id, isOperator, signal: gone.signal }, async () => {
      begun.push(id);
      await new Promise<void>((resolve) => ends.set(id, resolve));
      return id;
    });
    answer.catch(() => undefined);
    return answer;
  };
  /** Ends the one that runs, after a time. */
  const end = async (id: string, afterMs = 0): Promise<void> => {
    await vi.advanceTimersByTimeAsync(afterMs);
    ends.get(id)!();
    await vi.advanceTimersByTimeAsync(0);
  };
  const leave = (id: string): void => leaves.get(id)!();
  return { ask, begun, end, leave };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

test("one runs at a time, in the order of arrival, and operators before viewers", async () => {
  const { ask, begun, end } = world();
  const answers = [ask("v1"), ask("v2"), ask("o1", true), ask("v3"), ask("o2", true)];
  await settle();
  expect(begun).toEqual(["v1"]);
  for (const id of ["v1", "o1", "o2", "v2", "v3"]) await end(id);
  expect(begun).toEqual(["v1", "o1", "o2", "v2", "v3"]);
  expect(await Promise.all(answers)).toEqual(["v1", "v2", "o1", "v3", "o2"]);
});

test("who has a test running or waiting gets no second one, and is told when", async () => {
  const { ask, begun, end } = world();
  void ask("v1");
  await settle();
  await expect(ask("v1")).rejects.toMatchObject({
    ...{
      status: 429,
      details: { retryAfterS: 5, detail: expect.stringContaining("5 s") as string },
    },
  });
  void ask("v2");
  await expect(ask("v2")).rejects.toMatchObject({ status: 429 });
  await end("v1");
  expect(begun).toEqual(["v1", "v2"]);
});

test("viewers never take all places, and the time to come again grows with those who wait", async () => {
  const { ask } = world();
  for (const id of ["v1", "v2", "v3", "v4", "v5"]) void ask(id);
  await settle();
  await expect(ask("v6")).rejects.toMatchObject({ details: { retryAfterS: 25 } });
  for (const id of ["o1", "o2", "o3", "o4"]) void ask(id, true);
  await expect(ask("o5", true)).rejects.toMatchObject({ status: 429 });
});

test("who goes away gives up the place, and who waits too long is told to come again", async () => {
  const { ask, begun, end, leave } = world();
  void ask("v1");
  const second = ask("v2");
  const third = ask("v3");
  await settle();
  leave("v2");
  await expect(second).rejects.toMatchObject({ status: 499 });
  await vi.advanceTimersByTimeAsync(60_000);
  await expect(third).rejects.toMatchObject({ status: 429 });
  void ask("v4");
  await end("v1");
  expect(begun).toEqual(["v1", "v4"]);
});

test("a trial that fails ends its turn", async () => {
  const queue = new TrialQueue(() => Date.now());
  const { signal } = new AbortController();
  const failing = queue.run({ id: "a", isOperator: true, signal }, () =>
    Promise.reject(new Error("no")),
  );
  await expect(failing).rejects.toThrow("no");
  const next = queue.run({ id: "a", isOperator: true, signal }, () => Promise.resolve(1));
  expect(await next).toBe(1);
});
