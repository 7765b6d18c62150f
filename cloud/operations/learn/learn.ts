// Messages → questions with their answers' consequences (pure): what the command line and the console ask alike.
import type { MappingFile } from "../../../contracts/mapping.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { covers } from "../../../gateway/identity/access.ts";
import { type Fate, Judge } from "./judge.ts";
import type { Proposal } from "./proposal.ts";
import { catalogWith, propose } from "./propose.ts";
import type { Sample } from "./sample.ts";
import type { ShippedTable } from "./shipped.ts";

/** A proposal with the fate of each of its messages. */
export interface Judged {
  readonly proposal: Proposal;
  readonly fates: readonly Fate[];
}

export interface Lesson {
  readonly questions: readonly Judged[];
  /** Messages that the table in force takes already: they may be replayed. */
  readonly handled: readonly Sample[];
  /** Messages on topics that are ignored already. */
  readonly ignored: number;
  /** Messages on Skerry's own topics. */
  readonly own: number;
}

export interface LearnOptions {
  readonly catalog: Catalog;
  readonly inForce: MappingFile;
  readonly shipped: readonly ShippedTable[];
  readonly zone?: string | undefined;
}

export function learnFrom(
  samples: readonly Sample[],
  { catalog, inForce, shipped, zone }: LearnOptions,
): Lesson {
  const { table, ignore } = inForce;
  const wanted = samples.filter(({ topic }) => !ignore.some((filter) => covers(filter, topic)));
  const { proposals, handled, own } = propose(wanted, { catalog, table, shipped, zone });
  const all = [...table, ...proposals.flatMap(({ entries }) => entries)];
  const judge = new Judge(all, catalogWith(catalog, proposals));
  return {
    questions: proposals.map((proposal) => judged(proposal, judge)),
    handled,
    ignored: samples.length - wanted.length,
    own: own.length,
  };
}

export const judged = (proposal: Proposal, judge: Judge): Judged => ({
  proposal,
  fates: proposal.samples.map((sample) => judge.of(sample)),
});
