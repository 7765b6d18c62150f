import { expect, test } from "vitest";
import {
  DEFAULT_REJECT_ANSWERS,
  REFUSAL_CODES,
  answerCode,
} from "../../../../../gateway/broker/protocol/refusals.ts";
import type { Refusal, RefusalReason } from "../../../../../gateway/ingest/message.ts";

test("every reason has the MQTT 5 code that devices know it by", () => {
  expect(REFUSAL_CODES).toEqual({
    payload_invalid: 0x99,
    not_authorized: 0x87,
    quota_exceeded: 0x97,
    client_id_invalid: 0x85,
    bad_credentials: 0x86,
    server_unavailable: 0x88,
    ignored: 0x00,
  });
});

const CODE = { qos1: "code", qos2: "code" } as const;
const SUCCESS = { qos1: "success", qos2: "success" } as const;
const refused = (reason: RefusalReason): Refusal => ({ reason, detail: "" });

test("by default a reject is 0x99 or 0x87 at QoS 1, and success at QoS 2, because it is stored", () => {
  const codes = (["payload_invalid", "not_authorized"] as const).map((reason) =>
    ([1, 2] as const).map((qos) => answerCode(qos, refused(reason), DEFAULT_REJECT_ANSWERS)),
  );
  expect(codes).toEqual([
    [0x99, 0],
    [0x87, 0],
  ]);
});

test("each QoS has a setting of its own", () => {
  const answers = { qos1: "success", qos2: "code" } as const;
  expect(answerCode(1, refused("payload_invalid"), answers)).toBe(0);
  expect(answerCode(2, refused("payload_invalid"), answers)).toBe(0x99);
});

test("what is not kept is never called a success, and what is stored never a failure", () => {
  expect(answerCode(2, refused("quota_exceeded"), SUCCESS)).toBe(0x97);
  expect(answerCode(1, null, CODE)).toBe(0);
});
