import { existsSync } from "node:fs";
import { expect, test } from "vitest";

interface Entry {
  name: string;
  title: string;
  href: string;
  key: string;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/shell/pages.js";
const { NAVIGATION, pageOf } = (await import(path)) as {
  NAVIGATION: { pages: Entry[] }[];
  pageOf: (name: string) => (Partial<Entry> & { under?: string }) | null;
};

const entries = NAVIGATION.flatMap(({ pages }) => pages);

test("every entry of the navigation has a module, an address and a key of its own", () => {
  for (const { name, href } of entries) {
    const module = new URL(
      `../../../../../../cloud/console/page/pages/${name}.js`,
      import.meta.url,
    );
    expect(existsSync(module), name).toBe(true);
    expect(href).toBe(name === "home" ? "/" : `/${name}`);
  }
  for (const of of ["key", "name", "title"] as const)
    expect(new Set(entries.map((entry) => entry[of])).size).toBe(entries.length);
});

test("a proof stands under the page that leads to it; what is no page is none", () => {
  expect(pageOf("ledger")).toMatchObject({ under: "home" });
  expect(pageOf("constructor")).toBeNull();
});
