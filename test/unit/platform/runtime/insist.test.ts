// What is worth another try is tried again; everything else ends the asking at once.
import { expect, test } from "vitest";
import { AppError, type Disposition } from "../../../../platform/runtime/errors.ts";
import { insist } from "../../../../platform/runtime/insist.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";

const SILENT = makeLogger({}, "silent");
const never = new AbortController().signal;
const failure = (disposition: Disposition): AppError =>
  new AppError("NATS_UNAVAILABLE", disposition, "away");

/** Answers are given in order; the last one again and again. */
function questions(...answers: readonly (() => unknown)[]) {
  const asked = { count: 0 };
  const ask = async (): Promise<unknown> =>
    Promise.resolve(answers[Math.min(asked.count++, answers.length - 1)]!());
  return { asked, ask };
}

const throws = (error: unknown) => (): never => {
  throw error;
};

test("a question is asked again while its error says retry", async () => {
  const { asked, ask } = questions(throws(failure("retry")), throws(failure("retry")), () => 7);
  expect(await insist(ask, SILENT, never)).toBe(7);
  expect(asked.count).toBe(3);
});

test("a bug is thrown at the first time, so that the process stops", async () => {
  const bug = new TypeError("Cannot read properties of undefined");
  const { asked, ask } = questions(throws(bug));
  await expect(insist(ask, SILENT, AbortSignal.timeout(1_000))).rejects.toBe(bug);
  expect(asked.count).toBe(1);
});

test.each(["fatal", "reject"] as const)("what is %s is thrown at the first time", async (of) => {
  const error = failure(of);
  const { asked, ask } = questions(throws(error));
  await expect(insist(ask, SILENT, AbortSignal.timeout(1_000))).rejects.toBe(error);
  expect(asked.count).toBe(1);
});

test("an abort ends the asking with null, whatever is thrown then", async () => {
  const stopping = new AbortController();
  const { asked, ask } = questions(throws(failure("retry")), () => {
    stopping.abort();
    throw new TypeError("the connection is gone");
  });
  expect(await insist(ask, SILENT, stopping.signal)).toBeNull();
  expect(asked.count).toBe(2);
  expect(await insist(ask, SILENT, stopping.signal)).toBeNull();
  expect(asked.count).toBe(2);
});
