// Goal: keep the arrows in README.md true. Method: check every relative import of every source file
// against an allow-list. First match wins, so leaves precede the areas that contain them.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { describe, expect, test } from "vitest";

const GROUND = ["contracts/", "otel/", "platform/"];
const MAY_IMPORT: readonly (readonly [area: string, targets: readonly string[]])[] = [
  ["contracts/", ["contracts/"]],
  ["platform/runtime/", ["platform/runtime/"]],
  ["otel/", ["otel/", "platform/runtime/"]],
  ["platform/nats/", ["platform/nats/", "contracts/", "otel/", "platform/runtime/"]],
  ["gateway/", ["gateway/", ...GROUND]],
  ["cloud/", ["cloud/", ...GROUND]],
  ["device-sim/", ["device-sim/", ...GROUND]],
  ["infra/", ["infra/", "gateway/", "cloud/", "device-sim/", ...GROUND]],
];
const IMPORT = /(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

const files = globSync("{contracts,platform,gateway,cloud,device-sim,otel,infra}/**/*.ts");

test("there is something to check", () => {
  expect(files.length).toBeGreaterThan(30);
});

describe.each(files)("%s", (file) => {
  const source = readFileSync(file, "utf8");

  test("imports only along the arrows", () => {
    const [, allowed] = MAY_IMPORT.find(([area]) => file.startsWith(area))!;
    for (const [, specifier = ""] of source.matchAll(IMPORT)) {
      const target = join(dirname(file), specifier);
      const legal = allowed.some((prefix) => target.startsWith(prefix));
      expect(legal, `${target} is off limits`).toBe(true);
    }
  });

  test("has no default export", () => {
    expect(source).not.toMatch(/^export default/m);
  });
});

test("files that call themselves pure take no clock, no randomness and no I/O", () => {
  const pure = files.filter((file) => /\(pure\)/.test(readFileSync(file, "utf8").slice(0, 400)));
  expect(pure.length).toBeGreaterThan(3);
  for (const file of pure)
    expect(readFileSync(file, "utf8"), file).not.toMatch(
      /Date\.now\(|performance\.now\(|Math\.random\(|new Date\(\)|from "node:(fs|net|http)"/,
    );
});
