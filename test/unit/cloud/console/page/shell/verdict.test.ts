import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/shell/verdict.js";
const { verdictOf } = (await import(path)) as {
  verdictOf: (
    overview: { state: string; sentence: string } | null,
    feedState: string,
  ) => { state: string; sentence: string };
};

test("a page that does not hear the console says so, whatever it heard last", () => {
  const last = { state: "ok", sentence: "All is well." };
  expect(verdictOf(last, "lost")).toMatchObject({ state: "bad" });
  expect(verdictOf(null, "lost")).toMatchObject({ state: "bad" });
});

test("before there are facts there is no verdict, and then it is the hub's", () => {
  expect(verdictOf(null, "connecting").state).toBe("idle");
  expect(verdictOf({ state: "ok", sentence: "" }, "live").state).toBe("idle");
  const of = (state: string) => verdictOf({ state, sentence: "It is so." }, "live");
  expect(["ok", "degraded", "wrong", "unknown", "new"].map((state) => of(state).state)).toEqual([
    ...["ok", "warn", "bad", "idle", "idle"],
  ]);
  expect(of("ok").sentence).toBe("It is so.");
});
