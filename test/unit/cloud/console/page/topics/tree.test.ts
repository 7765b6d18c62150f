import fc from "fast-check";
import { expect, test } from "vitest";

interface Topic {
  topic: string;
  count: number;
  lastMs: number;
  refused: boolean;
}
interface Node {
  name: string;
  path: string;
  topic: Topic | null;
  children: Node[];
  count: number;
  lastMs: number;
  refused: boolean;
  topics: number;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/topics/tree.js";
const { treeOf, leadsTo } = (await import(path)) as {
  treeOf: (topics: Topic[]) => Node[];
  leadsTo: (path: string, to: string) => boolean;
};

const topic = (name: string, of: Partial<Topic> = {}): Topic => ({
  ...{ topic: name, count: 1, lastMs: 0, refused: false },
  ...of,
});
const leaves = (nodes: Node[]): Topic[] =>
  nodes.flatMap((node) => [...(node.topic ? [node.topic] : []), ...leaves(node.children)]);

test("a level with only one below it is one node with it, unless something was published there", () => {
  const [devices] = treeOf([topic("devices/a/telemetry/x"), topic("devices/b/telemetry/x")]);
  expect(devices!.name).toBe("devices");
  expect(devices!.children.map(({ name, path }) => [name, path])).toEqual([
    ["a/telemetry/x", "devices/a/telemetry/x"],
    ["b/telemetry/x", "devices/b/telemetry/x"],
  ]);
  const [own] = treeOf([topic("a"), topic("a/b")]);
  expect([own!.name, own!.children[0]!.name]).toEqual(["a", "b"]);
});

test("a node sums up what is below it", () => {
  const [node] = treeOf([
    topic("a/b", { count: 2, lastMs: 5 }),
    topic("a/c", { count: 3, lastMs: 9, refused: true }),
  ]);
  expect(node).toMatchObject({ count: 5, lastMs: 9, refused: true, topics: 2 });
});

test("every topic is in the tree once, whatever its levels are called, empty ones too", () => {
  const level = fc.constantFrom("", "a", "b", "constructor", "__proto__");
  const names = fc.uniqueArray(fc.array(level, { minLength: 1 }).map((of) => of.join("/")));
  fc.assert(
    fc.property(names, (all) => {
      const found = leaves(treeOf(all.map((name) => topic(name)))).map((one) => one.topic);
      expect(found.sort()).toEqual([...all].sort());
    }),
  );
});

test("a path leads to itself and to what is below it, not to what begins like it", () => {
  expect(leadsTo("a/b", "a/b")).toBe(true);
  expect(leadsTo("a/b", "a/b/c")).toBe(true);
  expect(leadsTo("a/b", "a/bc")).toBe(false);
});
