// What a new version of a contract would change for what rests on it: rules, rollups.
import { type Rule, contractsOf } from "../../../contracts/rules/rule.ts";
import { Catalog, type SchemaFile, compileFile } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { problemOf } from "../rules/store.ts";

/** A catalog with more versions than there are. @throws ContractError naming the version at fault. */
export function withVersions(catalog: Catalog, more: readonly Omit<SchemaFile, "path">[]): Catalog {
  const known = catalog.names.flatMap((name) => catalog.versions(name));
  const added = more.map((file) => compileFile({ ...file, path: `${file.name} v${file.version}` }));
  const isKnown = ({ name, version }: Contract): boolean =>
    catalog.get(name, version) !== undefined;
  return new Catalog([...known, ...added.filter((contract) => !isKnown(contract))]);
}

/** Sentences about what rests on the contract and would be another after the version is published. */
export function impactOf(
  newer: Omit<SchemaFile, "path">,
  catalog: Catalog,
  rules: readonly Rule[],
): string[] {
  const after = withVersions(catalog, [newer]);
  const [before] = catalog.versions(newer.name);
  const now = after.get(newer.name, newer.version)!;
  return [
    ...ruleImpact(rules, newer.name, catalog, after),
    ...(before ? rollupImpact(before, now) : []),
  ];
}

const ruleImpact = (
  rules: readonly Rule[],
  name: string,
  before: Catalog,
  after: Catalog,
): string[] =>
  rules
    .filter((rule) => contractsOf(rule).includes(name) && problemOf(rule, before) === null)
    .flatMap((rule) => {
      const problem = problemOf(rule, after);
      return problem === null
        ? []
        : [`rule "${rule.id}" could not be evaluated any more: ${problem}`];
    });

const isNumber = ({ type }: Contract["fields"][number]): boolean =>
  type === "number" || type === "integer";

/** Rollups, dashboards and queries go by the names of fields and by the series. */
function rollupImpact(before: Contract, now: Contract): string[] {
  const lines: string[] = [];
  const fields = new Map(now.fields.map((field) => [field.name, field]));
  for (const old of before.fields) {
    const field = fields.get(old.name);
    if (!field)
      lines.push(`field ${old.name} is no longer written: rollups and dashboards of it end`);
    else if (isNumber(old) !== isNumber(field))
      lines.push(
        `field ${old.name} becomes ${field.type} instead of ${old.type}: InfluxDB refuses it under its old name`,
      );
    else if ((old.unit ?? "") !== (field.unit ?? ""))
      lines.push(
        `field ${old.name} changes its unit from ${old.unit ?? "none"} to ${field.unit ?? "none"}: limits and dashboards mean something else`,
      );
  }
  const series = ({ partitionKey, seriesTags }: Contract): string =>
    [partitionKey, ...seriesTags].join(", ");
  if (series(before) !== series(now))
    lines.push(
      `series are told apart by ${series(now)} instead of ${series(before)}: rollups begin anew`,
    );
  return lines;
}
