// Names that a query has to quote (pure): InfluxQL would read them as something else. They are no fault,
// since quoted they work, but whoever forgets the quotes gets an error, or nothing.
import { rawMeasurement } from "../names/measurements.ts";
import type { Contract } from "./contract.ts";
import { type NameProblem, storedNames } from "./reserved-names.ts";

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Keywords of InfluxQL 1.x, which takes them in any case. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "all alter analyze and any as asc begin by cardinality continuous create database databases default delete " +
    "desc destinations diagnostics distinct drop duration end every exact explain false field for from grant " +
    "grants group groups in inf insert into key keys kill limit measurement measurements name offset on or order " +
    "password policies policy privileges queries query read replication resample retention revoke select series " +
    "set shard shards show slimit soffset stats subscription subscriptions tag to true user users values where " +
    "with write"
  ).split(" "),
);

/** The contract's name and those of its stored properties, as far as they need quotes. */
export function namesToQuote(contract: Contract): NameProblem[] {
  const found: NameProblem[] = [];
  const measurement = rawMeasurement(contract.name);
  const why = reasonToQuote(measurement);
  if (why !== null)
    found.push({
      property: null,
      text: `${why}, so that queries have to quote the contract's name: SELECT * FROM "${measurement}"`,
    });
  for (const property of storedNames(contract)) {
    const reason = reasonToQuote(property);
    if (reason === null) continue;
    const example = `SELECT "${property}" FROM ${inQuery(measurement)}`;
    found.push({ property, text: `${reason}, so that queries have to quote it: ${example}` });
  }
  return found;
}

function reasonToQuote(name: string): string | null {
  if (!PLAIN.test(name)) return `"${name}" is no plain name of letters, digits and _`;
  return KEYWORDS.has(name.toLowerCase()) ? `"${name}" is a keyword of InfluxQL` : null;
}

const inQuery = (name: string): string => (reasonToQuote(name) === null ? name : `"${name}"`);
