import { expect, test } from "vitest";
import { makeMessage } from "../../../../cloud/notifier/message.ts";
import { anAlert } from "../../../support/an-alert.ts";

test("two messages that differ in one alert between the first and the last have two ids, the same message has one", () => {
  const of = { channel: "ops", region: "eu" };
  const idOf = (kind: "merged" | "digest", ...seqs: number[]) =>
    makeMessage(of, { kind, seqs }, [anAlert()])!.deliveryId;
  const ids = [idOf("merged", 5, 8, 9), idOf("merged", 5, 7, 9), idOf("digest", 5, 7, 8, 9)];
  expect(new Set(ids).size).toBe(3);
  expect(idOf("merged", 5, 8, 9)).toBe(ids[0]);
});
