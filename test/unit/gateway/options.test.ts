import { expect, test } from "vitest";
import { GATEWAY_OPTIONS } from "../../../gateway/options.ts";

const { bridges } = GATEWAY_OPTIONS;
const taken = (raw: string, clientId: string): boolean =>
  bridges.parse(raw).some((pattern) => pattern.test(clientId));

test.each(["footbridge-7", "cambridge-3", "bridge-7", "bridgehead", "bridgewater-bridges"])(
  "by default the client id %s is no bridge's",
  (clientId) => expect(taken(bridges.fallback, clientId)).toBe(false),
);

test.each(["bridge", "site-bridge", "Site-Bridge"])(
  "by default the client id %s is a bridge's",
  (clientId) => expect(taken(bridges.fallback, clientId)).toBe(true),
);

test("client ids of bridges are a list, in which * stands for any text, or none", () => {
  expect(taken("a.b, plant/*", "plant/7")).toBe(true);
  expect(taken("a.b, plant/*", "aXb")).toBe(false);
  expect(taken("none", "site-bridge")).toBe(false);
});
