// The values around the reading that raised an alert, with the numbers that its rule compares them with.
import type { Alert } from "../../../contracts/messages/alert.ts";
import { rawMeasurement } from "../../../contracts/names/measurements.ts";
import { type Rule, conditionText, contractsOf } from "../../../contracts/rules/rule.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { quote, quoteName } from "../../sinks/influx/client.ts";
import { storedTag } from "../../sinks/influx/lines.ts";
import type { Hub } from "../hub.ts";

const BEFORE_MS = 15 * 60_000;
const AFTER_MS = 15 * 60_000;
const POINTS_MAX = 2_000;

export interface ValuesAround {
  readonly contract: string;
  readonly field: string;
  readonly unit: string | null;
  readonly limits: readonly number[];
  readonly points: readonly { readonly tMs: number; readonly value: number }[];
}

/** The number field that a condition speaks of first, or null. */
function fieldIn(condition: string, { fields }: Contract): Contract["fields"][number] | null {
  const places = fields
    .filter(({ type }) => type === "number" || type === "integer")
    .map((field) => ({
      field,
      at: condition.search(new RegExp(`\\b${RegExp.escape(field.name)}\\b`)),
    }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return places[0]?.field ?? null;
}

/** Numbers on the other side of a comparison. */
const limitsIn = (condition: string): number[] => [
  ...new Set(
    [...condition.matchAll(/[<>]=?\s*(-?\d+(?:\.\d+)?)/g)].map(([, limit]) => Number(limit)),
  ),
];

/** Null for a rule that is about no number, or without an InfluxDB that answers. */
export async function valuesAround(
  { influx, catalog }: Pick<Hub, "influx" | "catalog">,
  rule: Rule,
  alert: Alert,
): Promise<ValuesAround | null> {
  if (!influx) return null;
  const condition = conditionText(rule);
  for (const name of contractsOf(rule)) {
    const [contract] = catalog.versions(name);
    const field = contract && fieldIn(condition, contract);
    if (!field) continue;
    const tags = { [contract.partitionKey]: alert.series?.key ?? alert.key, ...alert.series?.tags };
    const where = Object.entries(tags).map(
      ([tag, value]) => `${quoteName(tag)} = ${quote(storedTag(value))}`,
    );
    const statement =
      `SELECT ${quoteName(field.name)} AS "value" FROM ${quoteName(rawMeasurement(name))} WHERE ${where.join(" AND ")} ` +
      `AND time >= ${alert.sinceMs - BEFORE_MS}ms AND time <= ${alert.atMs + AFTER_MS}ms LIMIT ${POINTS_MAX}`;
    const rows = await influx.query(statement).catch(() => null);
    if (rows === null) return null;
    const points = rows.flatMap(({ time, value }) =>
      typeof value === "number" ? [{ tMs: Date.parse(String(time)), value }] : [],
    );
    const unit = field.unit ?? null;
    return { contract: name, field: field.name, unit, limits: limitsIn(condition), points };
  }
  return null;
}
