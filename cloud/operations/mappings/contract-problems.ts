// What is wrong between a table and the contracts that it writes for (pure). A gateway finds it out
// reading by reading.
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import type { MappingTable } from "../../../contracts/mapping.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { isGatewaysOwn } from "../../../contracts/schema/gateway-contracts.ts";

/** One line for each; none for entries whose contract comes from the topic. */
export function contractProblems(table: MappingTable, catalog: Catalog): string[] {
  return table.flatMap((entry) => {
    if (entry.contract.includes("{")) return [];
    const versions = catalog
      .versions(entry.contract)
      .filter(({ version }) => entry.version === undefined || version === entry.version);
    const label = `mapping "${entry.name}"`;
    if (isGatewaysOwn(entry.contract))
      return [`${label}: /contract: gateways alone write readings of ${entry.contract}`];
    const version = entry.version === undefined ? "" : ` v${entry.version}`;
    if (versions.length === 0)
      return [`${label}: there is no contract ${entry.contract}${version}`];
    // One version that takes the entry is enough.
    const problems = versions.map((contract) => problemsWith(entry, contract));
    return problems.some((found) => found.length === 0)
      ? []
      : problems[0]!.map((problem) => `${label}: ${problem}`);
  });
}

function problemsWith(entry: MappingEntry, contract: Contract): string[] {
  const { name, version, timeProperty, sequenceProperty, versionProperty } = contract;
  const known = new Set<string | undefined>([
    ...contract.fields.map((field) => field.name),
    ...contract.tags,
    timeProperty,
    sequenceProperty,
    versionProperty,
    contract.partitionKey,
  ]);
  const problems = Object.keys(entry.fields)
    .filter((field) => !known.has(field))
    .map((field) => `/fields/${field}: ${name} v${version} has no such property`);
  const time = typeof entry.time === "object" ? (entry.time.property ?? "ts") : "ts";
  if (entry.time !== undefined && timeProperty !== undefined && time !== timeProperty)
    problems.push(`/time/property: the time of ${name} v${version} is "${timeProperty}"`);
  if (entry.time === undefined && contract.identity === "time")
    problems.push(`/time: ${name} v${version} needs a time; "arrival" is one`);
  for (const tag of contract.tags)
    if (entry.fields[tag]?.invalid === "omit")
      problems.push(`/fields/${tag}/invalid: it is a tag, which is never left out`);
  return problems;
}
