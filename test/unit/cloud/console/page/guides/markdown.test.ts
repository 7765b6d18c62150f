// Goal: the guides are read on a page as they are read in the repository: every section is found by its anchor, and every
// link between guides leads to a place that is there.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";

type Part = string | { kind: string; text?: string; href?: string; parts?: Part[] };
interface Block {
  kind: string;
  id?: string;
  text?: string;
  parts?: Part[];
  items?: Part[][];
  header?: Part[][];
  rows?: Part[][][];
  ordered?: boolean;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/guides/markdown.js";
const { blocksOf, plainOf, sectionOf, placeOf } = (await import(path)) as {
  blocksOf: (markdown: string) => Block[];
  plainOf: (parts: Part[]) => string;
  sectionOf: (blocks: Block[], id: string) => Block[] | null;
  placeOf: (href: string, guide: string, guides: string[]) => string[] | null;
};

const ROOT = join(import.meta.dirname, "../../../../../..");
const GUIDES = new Map(
  globSync("docs/guides/*.md", { cwd: ROOT }).map((file) => [
    basename(file, ".md"),
    readFileSync(join(ROOT, file), "utf8"),
  ]),
);

test("blocks are what they look like", () => {
  const blocks = blocksOf(
    [
      "# A guide",
      "",
      "Some **strong words**, `code_with_marks`, _stress_",
      "and [a link](run-books.md#x).",
      "",
      "1. first,",
      "   which goes on",
      "2. second",
      "",
      "| a | b \\| c |",
      "| - | - |",
      "| `1` | 2 |",
      "```",
      "npx skerry status",
      "```",
      "> said",
    ].join("\n"),
  );
  expect(blocks).toEqual([
    { kind: "heading", level: 1, parts: ["A guide"], id: "a-guide" },
    {
      kind: "paragraph",
      parts: [
        "Some ",
        { kind: "strong", parts: ["strong words"] },
        ", ",
        { kind: "code", text: "code_with_marks" },
        ", ",
        { kind: "em", parts: ["stress"] },
        " and ",
        { kind: "link", parts: ["a link"], href: "run-books.md#x" },
        ".",
      ],
    },
    { kind: "list", ordered: true, items: [["first, which goes on"], ["second"]] },
    { kind: "table", header: [["a"], ["b | c"]], rows: [[[{ kind: "code", text: "1" }], ["2"]]] },
    { kind: "code", text: "npx skerry status" },
    { kind: "quote", parts: ["said"] },
  ]);
});

test("a section ends where the next one of its rank begins", () => {
  const blocks = blocksOf("# T\n\n## A\n\none\n\n### B\n\ntwo\n\n## C\n\nthree");
  expect(sectionOf(blocks, "a")!.map(({ parts }) => plainOf(parts!))).toEqual([
    ...["A", "one", "B", "two"],
  ]);
  expect(sectionOf(blocks, "c")!).toHaveLength(2);
  expect(sectionOf(blocks, "nowhere")).toBeNull();
});

const linksIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(linksIn);
  if (typeof value !== "object" || value === null) return [];
  const { href, ...rest } = value as { href?: string };
  return [...(href === undefined ? [] : [href]), ...Object.values(rest).flatMap(linksIn)];
};
const textsIn = (value: unknown): string[] => {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  const { kind, ...rest } = value as { kind?: string };
  return kind === "code" ? [] : Object.values(rest).flatMap(textsIn);
};

test.each([...GUIDES.keys()])(
  "%s: its links lead somewhere, and no mark is left in its text",
  (name) => {
    const guides = [...GUIDES.keys()];
    const blocks = blocksOf(GUIDES.get(name)!);
    const inner = linksIn(blocks).flatMap((href) => {
      const place = placeOf(href, name, guides);
      return place ? [place] : [];
    });
    for (const [, guide, section] of inner)
      if (section)
        expect(sectionOf(blocksOf(GUIDES.get(guide!)!), section), section).not.toBeNull();
    expect(textsIn(blocks).filter((text) => /\*\*|\]\(|```/.test(text))).toEqual([]);
  },
);
