// Goal: each message takes one way, in the order that Z1 to Z4 of the pipeline promise.
// Method: steps that write down that they were asked, and take what the test tells them to.
import { expect, test } from "vitest";
import type { Message, Refusal, Settle, TopicClass } from "../../../../gateway/ingest/message.ts";
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

const OURS: TopicClass = { telemetry: true, relayed: false };

/** Sends one message through steps of which `taken` takes it, if any of them does. */
function send(
  taken?: "pressure" | "access" | "commands" | "bridges",
  topic = OURS,
  refusal: Refusal | null = null,
) {
  const asked: string[] = [];
  const settled: (Refusal | null)[] = [];
  const relayed: (boolean | undefined)[] = [];
  const classes = { of: () => topic, relayed: 0, ignored: 0 };
  const take = (step: string) => (_: Message, settle: Settle) => {
    asked.push(step);
    if (taken === step) settle(null);
    return taken === step;
  };
  const pipeline = new Pipeline({
    classes,
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
        settle(refusal);
      },
      refuse: (one, refusal, settle) => {
        expect(one).toBe(message);
        asked.push("refuse");
        settle(refusal);
      },
    },
  });
  pipeline.publish(message, (why, isRelayed) => {
    settled.push(why);
    relayed.push(isRelayed);
  });
  const counted = [classes.relayed, classes.ignored];
  return topic === OURS ? { asked, settled } : { asked, settled, relayed, counted };
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

const RELAYED: TopicClass = { telemetry: false, relayed: true };
const BOTH: TopicClass = { telemetry: true, relayed: true };
const IGNORED: TopicClass = { telemetry: false, relayed: false };

test("what is only relayed does not wait for the log, and is never refused for its pressure", () => {
  expect(send(undefined, RELAYED)).toEqual({
    asked: ["access"],
    settled: [null],
    relayed: [true],
    counted: [1, 0],
  });
  expect(send("pressure", RELAYED)).toMatchObject({ asked: ["access"], relayed: [true] });
});

test("what its sender has no right to send is never relayed, and kept unless there is pressure", () => {
  expect(send("access", RELAYED)).toMatchObject({
    asked: ["access", "pressure", "refuse"],
    settled: [FORBIDDEN],
    relayed: [undefined],
    counted: [0, 0],
  });
});

test("what is relayed and mapped is a reading first, and goes on whatever becomes of that", () => {
  expect(send(undefined, BOTH)).toMatchObject({
    asked: ["access", "pressure", "bridges", "presence", "ingest", "presence hears"],
    settled: [null],
    relayed: [true],
  });
  const violation: Refusal = { reason: "payload_invalid", detail: "" };
  expect(send(undefined, BOTH, violation)).toMatchObject({ settled: [violation], relayed: [true] });
  expect(send("pressure", BOTH)).toMatchObject({ settled: [null], relayed: [true] });
});

test("a reading that its sender may not say of that device is not relayed either", () => {
  expect(send(undefined, BOTH, FORBIDDEN)).toMatchObject({
    settled: [FORBIDDEN],
    relayed: [false],
  });
});

test("what is ignored is asked for rights, acknowledged and counted", () => {
  expect(send(undefined, IGNORED)).toMatchObject({
    asked: ["access"],
    settled: [{ reason: "ignored" }],
    relayed: [undefined],
    counted: [0, 1],
  });
});
