import type { IConnectPacket, IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { connectProblem } from "../../../../../gateway/broker/connection/connect.ts";
import { DEFAULT_LIMITS, resolveLimits } from "../../../../../gateway/broker/options.ts";
import { deliveredProperties } from "../../../../../gateway/broker/session/publish-writer.ts";
import { publishProblem } from "../../../../../gateway/broker/protocol/publish-rules.ts";
import { returnCodeOf } from "../../../../../gateway/broker/protocol/reason-codes.ts";
import {
  pubackWord,
  pubrelWord,
  refusedConnack,
  wireBytes,
} from "../../../../../gateway/broker/protocol/wire.ts";

const publish = (more: Partial<IPublishPacket>): IPublishPacket => ({
  cmd: "publish",
  topic: "t",
  payload: Buffer.from("x"),
  qos: 1,
  dup: false,
  retain: false,
  messageId: 1,
  length: 10,
  ...more,
});
const problemOf = (more: object): number | undefined =>
  publishProblem({}, publish(more), DEFAULT_LIMITS)?.reasonCode;

test("PUBLISH: violations and their reason codes", () => {
  expect(problemOf({})).toBeUndefined();
  expect(problemOf({ topic: "a/#" })).toBe(0x90);
  expect(problemOf({ properties: { topicAlias: 0 } })).toBe(0x94);
  expect(problemOf({ topic: "", properties: { topicAlias: 1 } })).toBe(0x82);
  expect(problemOf({ topic: "a/".repeat(DEFAULT_LIMITS.topicLevelsMax) })).toBe(0x90);
  expect(problemOf({ properties: { responseTopic: "a/+" } })).toBe(0x82);
  expect(
    problemOf({ properties: { userProperties: { __proto__: null, a: ["1", "2"] } } }),
  ).toBeUndefined();
});

test("PUBLISH: a name that was legal is, and none is not, before it and after", () => {
  const holder = {};
  const reasonOf = (topic: string): number | undefined =>
    publishProblem(holder, publish({ topic }), DEFAULT_LIMITS)?.reasonCode;
  expect(["", "t", "t", "", "a/#", "t"].map(reasonOf)).toEqual([
    ...[0x90, undefined, undefined],
    ...[0x90, 0x90, undefined],
  ]);
});

const connect = (more: Partial<IConnectPacket>): number | undefined =>
  connectProblem(
    { cmd: "connect", clientId: "c", protocolVersion: 5, clean: true, ...more },
    DEFAULT_LIMITS,
  )?.reasonCode;

test("CONNECT: violations and their reason codes", () => {
  const will = { topic: "a/#", payload: Buffer.from("x") };
  expect(connect({})).toBeUndefined();
  expect(connect({ clientId: "__proto__" })).toBeUndefined();
  expect(connect({ clientId: "", protocolVersion: 4, clean: false })).toBe(0x85);
  expect(connect({ clientId: "", protocolVersion: 3 })).toBe(0x85);
  expect(connect({ clientId: "", protocolVersion: 5, clean: false })).toBeUndefined();
  expect(connect({ clientId: "ä".repeat(65) })).toBe(0x85);
  expect(connect({ will })).toBe(0x90);
  expect(connect({ properties: { maximumPacketSize: 2 } })).toBe(0x95);
});

test("expiry: what is left is sent, nothing once it is over", () => {
  const message = {
    topic: "t",
    payload: Buffer.alloc(0),
    qos: 1 as const,
    retain: false,
    properties: { messageExpiryInterval: 10, contentType: "x" },
    expiresAtMs: 10_000,
  };
  expect(deliveredProperties(message, 3500)).toEqual({
    messageExpiryInterval: 7,
    contentType: "x",
  });
  expect(deliveredProperties(message, 10_000)).toBeNull();
  expect(message.properties.messageExpiryInterval).toBe(10);
});

test("answers on the wire", () => {
  expect(pubackWord(0xffff).toString(16)).toBe("4002ffff");
  expect(pubrelWord(1).toString(16)).toBe("62020001");
  expect(refusedConnack(0x88, 5)).toEqual(Buffer.from([0x20, 3, 0, 0x88, 0]));
  expect(refusedConnack(0x88, 4)).toEqual(Buffer.from([0x20, 2, 0, 3]));
  expect([0x84, 0x85, 0x86, 0x87, 0x97].map(returnCodeOf)).toEqual([1, 2, 4, 5, 3]);
  expect([0, 127, 128, 16_384, 2_097_152].map((length) => wireBytes(length) - length)).toEqual([
    2, 2, 3, 4, 5,
  ]);
});

test("limits that cannot work are refused at the start", () => {
  expect(() => resolveLimits({ inFlightMax: 70_000 })).toThrow("inFlightMax");
  expect(() => resolveLimits({ topicLevelsMax: 0 })).toThrow("topicLevelsMax");
  expect(resolveLimits({ inFlightMax: 5 }).inFlightMax).toBe(5);
});
