import fc from "fast-check";
import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/shell/url.js";
const { urlOf } = (await import(path)) as {
  urlOf: (path: string[], query?: Record<string, unknown>) => string;
};

test("whatever stands in a part of an address is the same when it is read", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.dictionary(text, text), (parts, query) => {
      // A browser reads two parts as steps of a way.
      fc.pre(!parts.some((part) => part === "." || part === ".."));
      const url = new URL(urlOf(parts, query), "http://console.test");
      expect(url.pathname.split("/").slice(1).map(decodeURIComponent)).toEqual(parts);
      expect(Object.fromEntries(url.searchParams)).toEqual(query);
    }),
  );
});

test("what is empty is left out of an address", () => {
  expect(urlOf([])).toBe("/");
  expect(urlOf(["devices"], { search: "", tab: null, of: undefined, at: 0 })).toBe("/devices?at=0");
});
