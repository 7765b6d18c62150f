import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DASHBOARDS, grafanaFiles } from "../../../../infra/grafana/files.ts";
import { ALERT_GROUPS } from "../../../../infra/grafana/prometheus-files.ts";
import { SOURCES } from "../../../../infra/grafana/sources.ts";

const ALERT_RULES = Object.values(ALERT_GROUPS).flat();
const PROJECT = join(import.meta.dirname, "../../../..");
const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");

interface PanelJson {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { datasource: { uid: string }; refId: string }[];
}

const panelsOf = (name: string): PanelJson[] =>
  (JSON.parse(read(`infra/grafana/generated/dashboards/${name}.json`)) as { panels: PanelJson[] })
    .panels;

test("what is committed is what npm run docs would write now", () => {
  for (const [path, text] of grafanaFiles()) expect(read(path), path).toBe(text);
});

test("there are nine dashboards, each with a name of its own", () => {
  const names = DASHBOARDS.map(({ name }) => name);
  expect(new Set(names).size).toBe(9);
});

test.each(DASHBOARDS.map(({ name }) => name))(
  "%s: no two panels lie over one another, none is wider than the page",
  (name) => {
    const panels = panelsOf(name);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          const cell = `${column} ${line}`;
          expect(taken.has(cell), `${title} at ${cell}`).toBe(false);
          taken.add(cell);
        }
    }
  },
);

test("every panel says what it shows, and asks a source that is provisioned", () => {
  const uids = new Set(Object.values(SOURCES).map(({ uid }) => uid));
  for (const { name } of DASHBOARDS)
    for (const { type, title, description, targets = [] } of panelsOf(name)) {
      if (type === "row") continue;
      expect(description, title).toMatch(/\.$/);
      expect(targets.length, title).toBeGreaterThan(0);
      for (const { datasource } of targets) expect(uids.has(datasource.uid), title).toBe(true);
    }
});

test("metrics that panels and alerts ask for are metrics of a process", () => {
  const known = read("docs/reference/metrics.md");
  const asked = [
    ...DASHBOARDS.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries)),
    )
      .filter(({ source }) => source === "prometheus")
      .map(({ text }) => text),
    ...ALERT_RULES.map(({ measure }) => measure),
  ];
  const names = asked.flatMap((text) => text.match(/\bskerry_[a-z0-9_]+[a-z0-9]/g) ?? []);
  const isKnown = (name: string): boolean =>
    [name, name.replace(/_(bucket|sum|count)$/, "")].some((one) => known.includes(`\`${one}\``));
  expect(names.filter((name) => !isKnown(name))).toEqual([]);
});

test("every alert has its run book", () => {
  const guide = read("docs/guides/run-books.md");
  const sections = [...guide.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(sections.toSorted()).toEqual(ALERT_RULES.map(({ name }) => name).toSorted());
});
