import { expect, test } from "vitest";
import { REFUSAL_CODES } from "../../../../../gateway/broker/protocol/refusals.ts";

test("every reason has the MQTT 5 code that devices know it by", () => {
  expect(REFUSAL_CODES).toEqual({
    payload_invalid: 0x99,
    not_authorized: 0x87,
    quota_exceeded: 0x97,
    client_id_invalid: 0x85,
    bad_credentials: 0x86,
    server_unavailable: 0x88,
  });
});
