// Goal: the rules that keep the code readable hold, and each of them can fail.
// Method: every rule over the whole tree; then over the tree with one violation planted in it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HOUSE_RULES } from "./house-rules.ts";
import { LIBRARIES } from "./rules/libraries.ts";
import { claimsPurity } from "./rules/purity.ts";
import { isProduct, readTree } from "./tree.ts";

const tree = readTree();

describe("the whole tree", () => {
  test.each(Object.entries(HOUSE_RULES))("%s", (_, rule) => {
    expect(rule(tree)).toEqual([]);
  });

  test("there is something to check", () => {
    expect([...tree.keys()].filter(isProduct).length).toBeGreaterThan(200);
    const pure = [...tree].filter(([path, source]) => isProduct(path) && claimsPurity(source));
    expect(pure.length).toBeGreaterThan(50);
  });

  test("every dependency of package.json has its place, and no other package has one", () => {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: Record<string, string>;
    };
    const { node: _runtime, ...libraries } = dependencies;
    expect(Object.keys(LIBRARIES).toSorted()).toEqual(Object.keys(libraries).toSorted());
  });
});

/** Rule → files that break it, with what they say. */
const PLANTED: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  "imports follow the arrows": [
    { "platform/runtime/planted.ts": 'import { HUB } from "../nats/topology/topology.ts";' },
    { "gateway/planted.ts": 'import type { X } from "../cloud/hub-alerts.ts";' },
    { "otel/planted.ts": 'export { X } from "../contracts/device.ts";' },
    { "device-sim/planted.ts": 'const x = await import("../infra/cli/main.ts");' },
    { "platform/nats/client/planted.ts": 'import { X } from "../lanes/lane.ts";' },
    { "gateway/alerting/windows/planted.ts": 'import { X } from "../lane/lane-rules.ts";' },
  ],
  "there is no import circle": [
    {
      "contracts/planted-a.ts": 'import type { B } from "./planted-b.ts";',
      "contracts/planted-b.ts": 'import { C } from "./planted-c.ts";',
      "contracts/planted-c.ts": 'import { A } from "./planted-a.ts";',
    },
  ],
  "what calls itself pure is pure": [
    { "cloud/aggregator/planted.ts": "// Windows. Pure.\nexport const at = Date.now();" },
    { "cloud/aggregator/planted.ts": "// Sums (pure): no I/O.\nconst x = Math.random();" },
    { "contracts/planted.ts": '// A table; pure.\nimport { readFileSync } from "node:fs";' },
    { "contracts/planted.ts": "/** A pure table. */\nlet shared = 0;" },
    {
      "gateway/planted.ts": '// Pure.\nimport { now } from "./planted-clock.ts";',
      "gateway/planted-clock.ts": "export const now = () => performance.now();",
    },
  ],
  "libraries are imported where they belong": [
    { "gateway/ingest/planted.ts": 'import type { NatsConnection } from "nats";' },
    { "test/support/planted.ts": 'import { connect } from "nats";' },
    { "gateway/broker/connection/planted.ts": 'import { Aedes } from "aedes";' },
    { "cloud/planted.ts": 'import leftPad from "left-pad";' },
  ],
  "streams are created by the topology": [
    { "cloud/planted.ts": "await manager.streams.add({ name: 'PLANTED' });" },
    { "gateway/planted.ts": "await connection.jetstream().views.kv('planted', { history: 1 });" },
    { "platform/nats/lanes/planted.ts": "await js.views.os('planted');" },
  ],
  "test/unit mirrors the source": [
    { "test/unit/gateway/planted.test.ts": 'import { x } from "../../../contracts/device.ts";' },
    { "test/unit/contracts/helpers.ts": "export const x = 1;" },
  ],
  "exports have names": [
    { "contracts/planted.ts": "export default 1;" },
    { "contracts/index.ts": 'export * from "./device.ts";' },
  ],
  "exports are used by the product": [
    { "contracts/planted.ts": "export const plantedAndForgotten = 1;" },
    {
      "contracts/planted.ts": "export function plantedForTests() {}",
      "test/unit/contracts/planted.test.ts":
        'import { plantedForTests } from "../../../contracts/planted.ts";',
    },
  ],
  "tests neither leave themselves out nor judge by a fixed wait": [
    { "test/integration/planted.test.ts": 'test.skipIf(!("x" in OPTIONS))("x", () => {});' },
    { "test/unit/planted.test.ts": "await sleep(2_000);\nexpect(count).toBe(0);" },
  ],
  "files that comments name exist": [
    { "gateway/planted.ts": "// As gateway/broker/outbox.ts says.\nexport const x = 1;" },
    { "gateway/planted.ts": "/** Outbox.md, section 4. */\nexport const x = 1;" },
  ],
  "invariants that comments cite exist": [
    { "gateway/planted.ts": "// Z1. One.\nexport const x = 1; // Z2" },
    { "gateway/planted.ts": "// As lane.ts/L99 says.\nexport const x = 1;" },
  ],
  "doc comments begin with their subject": [
    { "gateway/planted.ts": "/** Of the frame at #seq. */\nexport const x = 1;" },
  ],
  "a letter of invariants belongs to one file of an area": [
    {
      "gateway/planted/a.ts": "// Z1. One.\nexport const x = 1;",
      "gateway/planted/b.ts": "// Z1. Two.\nexport const x = 1;",
    },
    { "gateway/planted.ts": "// P1. One.\nexport const x = 1;" },
  ],
};

describe("a planted violation is found", () => {
  test("there is one of every rule", () => {
    expect(Object.keys(PLANTED)).toEqual(Object.keys(HOUSE_RULES));
  });

  test.each(
    Object.entries(PLANTED).flatMap(([name, files]) =>
      files.map((planted) => [name, planted] as const),
    ),
  )("%s: %j", (name, planted) => {
    const before = HOUSE_RULES[name]!(tree);
    const after = HOUSE_RULES[name]!(new Map([...tree, ...Object.entries(planted)]));
    const found = after.filter((problem) => !before.includes(problem));
    expect(found).not.toEqual([]);
  });
});
