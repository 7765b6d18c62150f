// Queries of dashboards as Grafana sends them: its variables filled in.
import { DASHBOARDS } from "../../infra/grafana/files.ts";
import type { Query, Variable } from "../../infra/grafana/model.ts";

export interface PanelQuery extends Query {
  /** Dashboard and panel, for messages. */
  readonly where: string;
}

export const PANEL_QUERIES: readonly PanelQuery[] = DASHBOARDS.flatMap(({ name, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map((query) => ({ ...query, where: `${name}: ${title}: ${query.text}` })),
    ),
  ),
);

const RANGE: Readonly<Record<string, string>> = {
  $__rate_interval: "30s",
  $__interval: "10s",
  $timeFilter: "time > now() - 1d",
};

/** A query with values for its variables; `${name:regex}` is a value with what regular expressions mean escaped. */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  let filled = text;
  for (const [name, value] of Object.entries(RANGE)) filled = filled.replaceAll(name, value);
  for (const [name, value] of Object.entries(values))
    filled = filled
      .replaceAll(`\${${name}:regex}`, RegExp.escape(value))
      .replaceAll(`\${${name}}`, value)
      .replaceAll(`$${name}`, value);
  return filled;
}

/** Those of the answers that a variable offers: what its regex matches, or its first group. */
export function offered({ regex }: Variable, answers: readonly string[]): string[] {
  if (regex === undefined) return [...answers];
  const pattern = new RegExp(regex.replace(/^\/|\/$/g, ""));
  return answers.flatMap((answer) => {
    const match = pattern.exec(answer);
    return match ? [match[1] ?? match[0]] : [];
  });
}
