// Goal: no text in Host passes for a name of ours that is none. Method: any text around and beside them.
import { isIP } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  hostNames,
  isAllowedHost,
  isAllowedHostOrAddress,
} from "../../../../platform/runtime/http-host.ts";

const names = hostNames("127.0.0.1", ["gw.example.org"]);

test("only our names and, where said, addresses", () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string(), fc.ipV4(), fc.webAuthority()), (host) => {
      const isOurs = names.has(host.replace(/:\d*$/, "").toLowerCase());
      if (isAllowedHost(host, names)) expect(isOurs || isIP(host.split(":")[0]!) === 4).toBe(true);
      else if (isAllowedHostOrAddress(host, names)) expect(host).toMatch(/^[\d.[\]:a-fx]+$/i);
    }),
  );
});

test.each(["localhost.evil.example", "evil.example@localhost", "localhost/evil", "", undefined])(
  "%s is refused",
  (host) => expect(isAllowedHostOrAddress(host, names)).toBe(false),
);

test.each(["GW.example.org:8083", "localhost", "[::1]:8083", "192.168.1.7"])(
  "%s is taken",
  (host) => expect(isAllowedHostOrAddress(host, names)).toBe(true),
);
