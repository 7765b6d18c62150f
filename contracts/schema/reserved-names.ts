// Names that a contract may not give, because the store or our own measurements need them (pure). Asked
// before a version is published; what is published already keeps its names.
import { nameProblem } from "../names/text.ts";
import {
  LONG_WINDOWS,
  RECONCILIATION,
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_REVISION,
  ROLLUP_SKETCH,
  ROLLUP_STATISTICS,
  ROLLUP_WINDOWS,
  rollupMeasurement,
} from "../names/measurements.ts";
import type { Contract } from "./contract.ts";

/** As long as a contract's name; a rollup's column adds its statistic. */
const PROPERTY_BYTES_MAX = 64;

/** Names that every point has beside the contract's own. */
const OF_EVERY_POINT: ReadonlySet<string> = new Set(["region", "device"]);
/** InfluxQL takes it in any case. */
const POINT_TIME = /^time$/i;
const OUR_PREFIX = `${RECONCILIATION.split("_", 1)[0]!}_`;

export interface NameProblem {
  /** Null for the contract's own name. */
  readonly property: string | null;
  /** The same for every version that has the problem. */
  readonly text: string;
}

/**
 * Every name that is needed elsewhere.
 * @param others all contracts that are known, of any name.
 */
export function reservedNames(contract: Contract, others: readonly Contract[]): NameProblem[] {
  const problems = contractNameProblems(contract.name, others).map((text): NameProblem => ({
    property: null,
    text,
  }));
  const columns = rollupColumns([contract, ...others.filter(({ name }) => name === contract.name)]);
  const tags = new Set([...contract.tags, contract.partitionKey]);
  for (const property of storedNames(contract)) {
    const text =
      storedNameProblem(property) ?? (tags.has(property) && columnProblem(property, columns));
    if (text) problems.push({ property, text });
  }
  return problems;
}

function contractNameProblems(name: string, others: readonly Contract[]): string[] {
  const problems: string[] = [];
  const suffix = rollupMeasurements("").find((ending) => name.endsWith(ending));
  if (suffix !== undefined)
    problems.push(
      `a contract's name may not end in ${suffix}: "${name}" is the measurement of the rollups of "${name.slice(0, -suffix.length)}"`,
    );
  if (name.startsWith(OUR_PREFIX))
    problems.push(`a contract's name may not begin with ${OUR_PREFIX}, as our own measurements do`);
  const taken = rollupMeasurements(name).find((one) => others.some((other) => other.name === one));
  if (taken !== undefined)
    problems.push(
      `the rollups of "${name}" would be written into the measurement of contract "${taken}"`,
    );
  return problems;
}

const rollupMeasurements = (contract: string): string[] => [
  ...ROLLUP_WINDOWS.flatMap(({ name }) => [
    rollupMeasurement(contract, name, "open"),
    rollupMeasurement(contract, name, "final"),
  ]),
  ...LONG_WINDOWS.map(({ name }) => rollupMeasurement(contract, name, "final")),
];

/** Properties that become tags or fields of points; time and version do not. */
export function storedNames({
  fields,
  tags,
  sequenceProperty,
  partitionKey,
}: Contract): Set<string> {
  const names = new Set([...fields.map(({ name }) => name), ...tags]);
  if (sequenceProperty !== undefined) names.add(sequenceProperty);
  if (partitionKey !== "device") names.add(partitionKey);
  return names;
}

function storedNameProblem(name: string): string | null {
  if (POINT_TIME.test(name) || OF_EVERY_POINT.has(name))
    return `a stored property may not be called "${name}": every point has time, region and device already`;
  if (name.startsWith("_"))
    return "the name of a stored property may not begin with _, as InfluxDB's own do";
  if (/["\\]/.test(name))
    return 'the name of a stored property may not hold " or \\, which line protocol cannot write there';
  const problem = nameProblem(name, PROPERTY_BYTES_MAX);
  return problem && `the name of a stored property ${problem}`;
}

/** Fields of the rollups of all versions: column → the field that it is of, or null. */
function rollupColumns(versions: readonly Contract[]): ReadonlyMap<string, string | null> {
  const columns = new Map<string, string | null>([
    [ROLLUP_COUNT, null],
    [ROLLUP_REVISION, null],
  ]);
  const statistics = [
    ...ROLLUP_STATISTICS,
    ...ROLLUP_QUANTILES.map(({ name }) => name),
    ...[ROLLUP_FIELD_COUNT, ROLLUP_SKETCH],
  ];
  for (const { fields } of versions)
    for (const { name, type } of fields)
      if (type === "number" || type === "integer")
        for (const statistic of statistics) columns.set(`${name}_${statistic}`, name);
  return columns;
}

function columnProblem(name: string, columns: ReturnType<typeof rollupColumns>): string | null {
  const field = columns.get(name);
  if (field === undefined) return null;
  const of = field === null ? "every rollup" : `the rollups of field "${field}"`;
  return `a tag or key may not be called "${name}": ${of} has a field of that name`;
}
