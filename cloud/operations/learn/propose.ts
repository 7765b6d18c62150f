// Proposals for messages that nobody has a mapping for (pure): inference proposes, a gateway's own admission judges.
//
// L1. Every message is in exactly one proposal, or was handled already, or is Skerry's own: none is passed over.
// L2. What a proposal says it makes of a message is what admission makes of it with these entries and contracts.
// L3. An entry applies to no message of another proposal: conditions tell them apart, or the topics themselves.
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import type { MappingTable } from "../../../contracts/mapping.ts";
import { isReservedTopic } from "../../../contracts/names/topics.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { covers } from "../../../gateway/identity/access.ts";
import { withVersions } from "../contracts/impact.ts";
import { entriesApart } from "./apart.ts";
import { describedIn } from "./described.ts";
import { type EntryContext, draftEntries } from "./entries.ts";
import { whyIgnored } from "./ignorable.ts";
import { Judge } from "./judge.ts";
import type { Proposal } from "./proposal.ts";
import { type Parsed, type Sample, parseSample } from "./sample.ts";
import { type ShippedTable, compileTables, fittingTable } from "./shipped.ts";
import { type Cluster, clustersOf } from "./topics.ts";

export interface ProposeOptions {
  readonly catalog: Catalog;
  /** The table in force. */
  readonly table: MappingTable;
  readonly shipped: readonly ShippedTable[];
  readonly zone?: string | undefined;
}

export interface Proposals {
  readonly proposals: readonly Proposal[];
  /** Messages that the table in force takes already. */
  readonly handled: readonly Sample[];
  /** Messages on Skerry's own topics: what is wrong with those no mapping mends. */
  readonly own: readonly Sample[];
}

export function propose(samples: readonly Sample[], options: ProposeOptions): Proposals {
  const { catalog, table } = options;
  const inForce = new Judge(table, catalog);
  const own = samples.filter(({ topic }) => isReservedTopic(topic));
  const others = samples.filter(({ topic }) => !isReservedTopic(topic));
  const handled = others.filter((sample) => isHandled(inForce, sample));
  const isDone = new Set(handled);
  const parsed = others.filter((sample) => !isDone.has(sample)).map(parseSample);
  const described = describedIn(others.map(parseSample));
  const ignored: Parsed[] = [];
  const rest: Parsed[] = [];
  for (const one of parsed) (whyIgnored(one) === null ? rest : ignored).push(one);
  const taken = new Set<string>();
  const context: EntryContext = {
    ...{ catalog, described, zone: options.zone },
    isTaken: (name) => taken.has(name),
  };
  const shipped = compileTables(options.shipped, catalog);
  const drafts = clustersOf(rest).map((cluster) => {
    const draft = proposeFor(cluster, shipped, context);
    for (const { name } of draft.contracts) taken.add(name);
    return draft;
  });
  const mapped = named(entriesApart(merged(drafts), handled), table);
  const proposals = [
    ...mapped,
    ...ignoredProposals(ignored, [...rest.map(({ sample }) => sample), ...handled]),
  ];
  return {
    proposals: proposals.toSorted((a, b) => b.samples.length - a.samples.length),
    handled,
    own,
  };
}

const isHandled = (judge: Judge, sample: Sample): boolean => {
  const { readings, refused } = judge.of(sample);
  return readings.length > 0 && refused.length === 0;
};

function proposeFor(
  cluster: Cluster,
  shipped: ReturnType<typeof compileTables>,
  context: EntryContext,
): Proposal {
  const samples = cluster.parsed.map(({ sample }) => sample);
  const template = templateOf(cluster);
  const base = {
    template,
    samples,
    contracts: [],
    ignore: [],
    notes: [],
    from: null,
    device: "",
    entries: [],
  };
  const fitting = fittingTable(cluster, shipped);
  if (fitting) {
    const { missed, entries, from } = fitting;
    const more =
      missed.size === 0
        ? null
        : draftEntries(cluster, { ...context, only: missed, contractName: `${from}_more` });
    return {
      ...base,
      ...{
        kind: "map",
        from,
        template: entries[0]!.topic,
        device: `as the shipped table ${from} says`,
      },
      entries: [...entries, ...(more?.entries ?? [])],
      contracts: more?.contracts ?? [],
      notes:
        more && more.entries.length > 0
          ? [`the table has no place for ${[...missed].join(", ")}: an entry of its own`]
          : [],
    };
  }
  const { entries, contracts, notes, roles } = draftEntries(cluster, context);
  if (entries.length === 0 || !roles) return { ...base, kind: "none", notes: [whyNone(cluster)] };
  const device = `${roles.device} (${roles.how})`;
  return { ...base, kind: "map", template: topicsOf(entries), device, entries, contracts, notes };
}

const TEMPLATES_SHOWN = 4;

function topicsOf(entries: readonly MappingEntry[]): string {
  const topics = [...new Set(entries.map(({ topic }) => topic))];
  const more = topics.length - TEMPLATES_SHOWN;
  return topics.slice(0, TEMPLATES_SHOWN).join(", ") + (more > 0 ? `, … (${more} more)` : "");
}

function whyNone({ kind }: Cluster): string {
  if (kind === "binary")
    return "bytes that are no text: that takes a codec, or a device that sends JSON";
  return "text that is neither a number nor a state: say a mapping of your own, or ignore it";
}

const templateOf = ({ levels, variable }: Cluster): string =>
  levels[0]!.map((level, at) => (variable.includes(at) ? "+" : level)).join("/");

/** Templates that one shipped table takes are one question. */
function merged(drafts: readonly Proposal[]): Proposal[] {
  const groups = Map.groupBy(drafts, (draft) => draft.from ?? draft);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const byName = new Map(group.flatMap(({ entries }) => entries.map((entry) => [entry, entry])));
    return {
      ...first!,
      template: topicsOf([...byName.values()]) || first!.template,
      entries: [...byName.values()],
      contracts: group.flatMap(({ contracts }) => contracts),
      notes: [...new Set(group.flatMap(({ notes }) => notes))],
      samples: group.flatMap(({ samples }) => samples),
    };
  });
}

/** Names that no entry has. */
function named(proposals: readonly Proposal[], table: MappingTable): Proposal[] {
  const used = new Set(table.map(({ name }) => name));
  return proposals.map((proposal) => ({
    ...proposal,
    entries: proposal.entries.map((entry) => {
      const wanted = `learned-${entry.name}`;
      let name = wanted;
      for (let more = 2; used.has(name); more++) name = `${wanted}-${more}`;
      used.add(name);
      return { ...entry, name };
    }),
  }));
}

/** One question for each reason; filters are as wide as they may be without a topic that carries readings. */
function ignoredProposals(ignored: readonly Parsed[], kept: readonly Sample[]): Proposal[] {
  const topics = [...new Set(kept.map(({ topic }) => topic))];
  const isFree = (filter: string): boolean => !topics.some((topic) => covers(filter, topic));
  return [...Map.groupBy(ignored, reasonOf)].map(([reason, group]): Proposal => {
    const filters = group.map(({ sample: { topic } }) => wideFilter(topic, isFree));
    const ignore = [...new Set(filters)].filter(isFree);
    return {
      ...{ kind: "ignore", from: null, device: "", entries: [], contracts: [], ignore },
      template: ignore.slice(0, TEMPLATES_SHOWN).join(", "),
      notes: [reason],
      samples: group.map(({ sample }) => sample),
    };
  });
}

function wideFilter(topic: string, isFree: (filter: string) => boolean): string {
  const levels = topic.split("/");
  const inner = levels.map((level, at) => (at === 0 || at === levels.length - 1 ? level : "+"));
  const isBridge = levels[1] === "bridge";
  const wide = isBridge ? `${levels[0]}/bridge/#` : inner.join("/");
  return levels.length > 2 && isFree(wide) ? wide : topic;
}

/** Words differ, the reason is one. */
const reasonOf = (parsed: Parsed): string =>
  whyIgnored(parsed)!.replace(/^"[^"]*" says/, "it says");

/** The catalog with the contracts of some proposals. */
export const catalogWith = (catalog: Catalog, proposals: readonly Proposal[]): Catalog =>
  withVersions(
    catalog,
    proposals.flatMap(({ contracts }) => contracts),
  );
