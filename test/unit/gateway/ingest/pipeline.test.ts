// Goal: each message takes one way, in the order that Z1 to Z4 of the pipeline promise.
// Method: steps that write down that they were asked, and take what the test tells them to.
import { expect, test } from "vitest";
import type { Message, Refusal, Settle } from "../../../../gateway/ingest/message.ts";
import { Pipeline } from "../../../../gateway/ingest/pipeline.ts";

const message: Message = {
  clientId: "c",
  topic: "devices/c/telemetry/environment",
  payload: Buffer.from("{}"),
  qos: 1,
  retain: false,
  traceparent: undefined,
  contentType: undefined,
};
const FORBIDDEN: Refusal = { reason: "not_authorized", detail: "not there" };

/** Sends one message through steps of which `taken` takes it, if any of them does. */
function send(taken?: "pressure" | "access" | "commands" | "bridges") {
  const asked: string[] = [];
  const settled: (Refusal | null)[] = [];
  const take = (step: string) => (_: Message, settle: Settle) => {
    asked.push(step);
    if (taken === step) settle(null);
    return taken === step;
  };
  const pipeline = new Pipeline({
    backpressure: { drop: take("pressure") },
    access: {
      authorizePublish: () => {
        asked.push("access");
        return taken === "access" ? FORBIDDEN : null;
      },
    },
    commands: { take: take("commands") },
    bridges: {
      watch: (_, settle) => {
        asked.push("bridges");
        if (taken !== "bridges") return settle;
        settle(null);
        return null;
      },
    },
    presence: {
      watch: (_, settle) => {
        asked.push("presence");
        return (refusal) => {
          asked.push("presence hears");
          settle(refusal);
        };
      },
    },
    ingest: {
      publish: (one, settle) => {
        expect(one).toBe(message);
        asked.push("ingest");
        settle(null);
      },
      refuse: (one, refusal, settle) => {
        expect(one).toBe(message);
        asked.push("refuse");
        settle(refusal);
      },
    },
  });
  pipeline.publish(message, (refusal) => settled.push(refusal));
  return { asked, settled };
}

test("a reading passes every step, and presence hears that it is stored", () => {
  expect(send()).toEqual({
    asked: ["pressure", "access", "commands", "bridges", "presence", "ingest", "presence hears"],
    settled: [null],
  });
});

test("under pressure nothing else is asked", () => {
  expect(send("pressure")).toEqual({ asked: ["pressure"], settled: [null] });
});

test("what its sender has no right to send is kept, and no later step sees it", () => {
  expect(send("access")).toEqual({
    asked: ["pressure", "access", "refuse"],
    settled: [FORBIDDEN],
  });
});

test("a command goes into no lane and shows nobody's presence", () => {
  expect(send("commands")).toEqual({ asked: ["pressure", "access", "commands"], settled: [null] });
});

test("what a bridge repeats is settled as stored, is no reading and shows nobody's presence", () => {
  expect(send("bridges")).toEqual({
    asked: ["pressure", "access", "commands", "bridges"],
    settled: [null],
  });
});
