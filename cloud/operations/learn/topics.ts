// Topics of one shape (pure): those that differ in a level and carry the same kind of payload are one template.
//
// T1. What is merged wrongly makes two devices one, which nobody can take apart later; what is not merged costs one
//     more question. So topics are one only if their payloads are alike as well.
import { quantityOf } from "./quantities.ts";
import type { Parsed, PayloadKind } from "./sample.ts";

/** All messages of topics that are one template. */
export interface Cluster {
  readonly kind: PayloadKind;
  readonly parsed: readonly Parsed[];
  readonly topics: readonly string[];
  /** The levels of each topic. */
  readonly levels: readonly (readonly string[])[];
  /** Positions at which topics differ. */
  readonly variable: readonly number[];
}

interface TopicFacts {
  readonly topic: string;
  readonly levels: readonly string[];
  readonly kind: PayloadKind;
  readonly parsed: Parsed[];
  readonly paths: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

/** Messages of a topic that are looked at for its shape. */
const LOOKED_AT = 20;
/** Topics that are compared with each other; each of the rest is a template of its own. */
const COMPARED_MAX = 3_000;

/** Templates in the order in which they were first heard. */
export function clustersOf(parsed: readonly Parsed[]): Cluster[] {
  const byTopic = Map.groupBy(parsed, ({ sample, kind }) => `${kindClass(kind)} ${sample.topic}`);
  const facts = [...byTopic.values()].map(factsOf);
  const parents = facts.map((_, at) => at);
  const root = (at: number): number => {
    while (parents[at] !== at) at = parents[at] = parents[parents[at]!]!;
    return at;
  };
  const compared = Math.min(facts.length, COMPARED_MAX);
  for (let a = 0; a < compared; a++)
    for (let b = a + 1; b < compared; b++)
      if (root(a) !== root(b) && areAlike(facts[a]!, facts[b]!)) parents[root(b)] = root(a);
  const groups = Map.groupBy(facts, (_, at) => root(at));
  return [...groups.values()].map(clusterOf);
}

/** Numbers and words are told apart, and so are arrays and objects. */
const kindClass = (kind: PayloadKind): PayloadKind => kind;

function clusterOf(facts: readonly TopicFacts[]): Cluster {
  const levels = facts.map((one) => one.levels);
  const first = levels[0]!;
  return {
    kind: facts[0]!.kind,
    parsed: facts.flatMap((one) => one.parsed),
    topics: facts.map(({ topic }) => topic),
    levels,
    variable: first.flatMap((level, at) => (levels.some((one) => one[at] !== level) ? [at] : [])),
  };
}

function factsOf(parsed: Parsed[]): TopicFacts {
  const { sample, levels, kind } = parsed[0]!;
  const paths = new Set<string>();
  const names = new Set<string>();
  for (const { value } of parsed.slice(0, LOOKED_AT)) addPaths(value, "", paths, names);
  return { topic: sample.topic, levels, kind, parsed, paths, names };
}

const isIndexed = /\d+/g;

function addPaths(value: unknown, at: string, paths: Set<string>, names: Set<string>): void {
  if (typeof value !== "object" || value === null) {
    paths.add(at);
    names.add(at.slice(at.lastIndexOf("/") + 1));
    return;
  }
  if (Array.isArray(value)) {
    for (const element of value.slice(0, 5)) addPaths(element, `${at}/*`, paths, names);
    return;
  }
  for (const [key, member] of Object.entries(value))
    addPaths(member, `${at}/${key.replaceAll(isIndexed, "0")}`, paths, names);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((one) => b.has(one)).length;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}

function areAlike(a: TopicFacts, b: TopicFacts): boolean {
  if (a.kind !== b.kind || a.levels.length !== b.levels.length) return false;
  const differing = a.levels.flatMap((level, at) => (level === b.levels[at] ? [] : [at]));
  const [at = 0] = differing;
  if (differing.length > 2 || (differing.length === 2 && a.levels.length < 3)) return false;
  const isKnown = (position: number): boolean =>
    [a, b].every(({ levels }) => quantityOf(levels[position]!) !== null);
  if (a.kind === "number" || a.kind === "word" || a.kind === "text") {
    if (differing.length === 2) return at > 0 && isKnown(differing[1]!);
    return at > 0 || isKnown(0);
  }
  if (a.kind !== "object" && a.kind !== "array") return differing.length === 1 && at > 0;
  const alike = Math.max(likeness(a.paths, b.paths), likeness(a.names, b.names));
  return alike >= (differing.length === 2 || at === 0 ? 0.8 : 0.5);
}
