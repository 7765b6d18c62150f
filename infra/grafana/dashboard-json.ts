// A dashboard as classic JSON of Grafana, for file provisioning; pure. Fields as in "Dashboard JSON model" of
// Grafana's documentation, schema version 39, which every Grafana from 10.4 on reads.
import type { Dashboard, Panel, Query, Variable } from "./model.ts";
import { sourceReference } from "./sources.ts";

const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const HEIGHTS: Readonly<Record<Panel["kind"], number>> = {
  lines: 8,
  areas: 8,
  now: 4,
  table: 8,
  heatmap: 8,
};
const WIDTHS: Readonly<Record<Panel["kind"], number>> = {
  lines: 12,
  areas: 12,
  now: 4,
  table: 24,
  heatmap: 12,
};
const TYPES: Readonly<Record<Panel["kind"], string>> = {
  lines: "timeseries",
  areas: "timeseries",
  now: "stat",
  table: "table",
  heatmap: "heatmap",
};

/** Prefix of every dashboard's uid. */
export const dashboardUid = (name: string): string => `skerry-${name}`;

/** The JSON of a dashboard, the same for the same data. */
export function dashboardJson(dashboard: Dashboard): object {
  return {
    uid: dashboardUid(dashboard.name),
    title: dashboard.title,
    description: dashboard.about,
    tags: ["skerry"],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    links: [linkToOthers],
    annotations: { list: [] },
    templating: { list: dashboard.variables.map(variableJson) },
    panels: panelsOf(dashboard),
  };
}

const linkToOthers = {
  type: "dashboards",
  title: "Skerry",
  tags: ["skerry"],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
};

function variableJson({ name, label, source, query, regex = "", many = false }: Variable): object {
  const isPrometheus = source === "prometheus";
  return {
    name,
    label,
    type: "query",
    datasource: sourceReference(source),
    definition: query,
    query: isPrometheus ? { query, refId: name } : query,
    regex,
    multi: many,
    includeAll: many,
    ...(many ? { allValue: ".*", current: { text: ["All"], value: ["$__all"] } } : {}),
    refresh: 2,
    sort: 1,
    hide: 0,
    options: [],
  };
}

/** Panels from left to right, a new line where one does not fit, a heading for each row. */
function panelsOf({ rows }: Dashboard): object[] {
  const panels: object[] = [];
  let id = 0;
  let y = 0;
  for (const row of rows) {
    const heading = { h: 1, w: COLUMNS, x: 0, y };
    panels.push({
      id: ++id,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: heading,
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? WIDTHS[panel.kind];
      const h = HEIGHTS[panel.kind];
      if (x + w > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push(panelJson(panel, ++id, { h, w, x, y }));
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return panels;
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const [first] = panel.queries;
  return {
    id,
    type: TYPES[panel.kind],
    title: panel.title,
    description: panel.about,
    datasource: sourceReference(first!.source),
    gridPos,
    ...(panel.repeat === undefined ? {} : { repeat: panel.repeat, repeatDirection: "h" }),
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: optionsOf(panel),
    ...(panel.kind === "table" ? { transformations: columnsOf(panel) } : {}),
    targets: panel.queries.map((query, at) => targetJson(query, at, panel)),
  };
}

const REFERENCES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function targetJson({ source, text, legend }: Query, at: number, panel: Panel): object {
  const refId = REFERENCES[at]!;
  const datasource = sourceReference(source);
  const isNow = panel.kind === "now" || panel.kind === "table";
  if (source === "prometheus")
    return {
      refId,
      datasource,
      expr: text,
      legendFormat: legend,
      instant: isNow,
      range: !isNow,
      format:
        panel.kind === "lines" || panel.kind === "areas" || panel.kind === "now"
          ? "time_series"
          : panel.kind,
      exemplar: panel.exemplars ?? false,
      editorMode: "code",
    };
  return {
    refId,
    datasource,
    query: text,
    rawQuery: true,
    resultFormat: panel.kind === "table" ? "table" : "time_series",
    alias: legend,
  };
}

function defaultsOf({ kind, unit = "short", steps, words = {} }: Panel): object {
  const custom = { lines: 0, areas: 30 } as const;
  return {
    unit,
    ...(steps === undefined
      ? {}
      : {
          thresholds: {
            mode: "absolute",
            steps: steps.map(({ from, color }) => ({ value: from, color })),
          },
          color: { mode: "thresholds" },
        }),
    mappings: mappingsOf(words),
    ...(kind === "lines" || kind === "areas"
      ? {
          color: { mode: "palette-classic" },
          custom: {
            drawStyle: "line",
            lineWidth: 1,
            fillOpacity: custom[kind],
            showPoints: "auto",
            spanNulls: false,
            stacking: { mode: kind === "areas" ? "normal" : "none", group: "A" },
          },
        }
      : {}),
  };
}

function mappingsOf(words: Readonly<Record<string, string>>): object[] {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, text]) => [value, { text }]),
  );
  return Object.keys(options).length === 0 ? [] : [{ type: "value", options }];
}

function optionsOf({ kind }: Panel): object {
  switch (kind) {
    case "lines":
    case "areas":
      return {
        legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "now":
      return {
        reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
        colorMode: "value",
        graphMode: "none",
        textMode: "auto",
        orientation: "auto",
      };
    case "table":
      return { showHeader: true };
    case "heatmap":
      return {
        calculate: false,
        color: { mode: "scheme", scheme: "Turbo", steps: 64 },
        yAxis: { unit: "s" },
        tooltip: { mode: "single" },
        exemplars: { color: "rgba(255,0,255,0.7)" },
      };
  }
}

/** One row for each series, without what says nothing. */
const columnsOf = ({ without = [] }: Panel): object[] => [
  { id: "merge", options: {} },
  {
    id: "organize",
    options: {
      excludeByName: Object.fromEntries(["Time", ...without].map((name) => [name, true])),
      indexByName: {},
      renameByName: {},
    },
  },
];
