// Mapping entries for a template (pure): device, contract, time, and where each field comes from.
import type { FieldMapping, MappingEntry, TimeMapping } from "../../../contracts/mapping-format.ts";
import type { Catalog, SchemaFile } from "../../../contracts/schema/catalog.ts";
import { bareEntries } from "./bare-entries.ts";
import { type ChosenContract, fittingContract, freeName, newContract } from "./contract-of.ts";
import type { Described, Description } from "./described.ts";
import { type FieldPlan, fieldsOf, pointerOf } from "./fields.ts";
import { type Leaf, isMeasured, lastName, leavesOf } from "./leaves.ts";
import { type Part, keyName, partsOf } from "./parts.ts";
import { idKind, isValueName, quantityOf } from "./quantities.ts";
import { type PayloadId, type Roles, rolesOf } from "./roles.ts";
import { timeMapping } from "./times.ts";
import type { Cluster } from "./topics.ts";

export interface EntryContext {
  readonly catalog: Catalog;
  readonly described: Described;
  /** Zone of local time, where people say it. */
  readonly zone?: string | undefined;
  /** True for a contract name that is taken: by a contract, or by another proposal. */
  readonly isTaken: (name: string) => boolean;
  /** Pointers of a message that are wanted; absent: all. */
  readonly only?: ReadonlySet<string>;
  /** The name of a new contract; absent: as its topic. */
  readonly contractName?: string;
}

export interface Drafted {
  readonly entries: readonly MappingEntry[];
  readonly contracts: readonly Omit<SchemaFile, "path">[];
  readonly notes: readonly string[];
  readonly roles: Roles | null;
}

/** Entries without their final names. An empty list: nothing is measured, or nobody knows how to read it. */
export function draftEntries(cluster: Cluster, context: EntryContext): Drafted {
  if (cluster.kind === "number" || cluster.kind === "word") return bareEntries(cluster, context);
  const parts = partsOf(cluster.parsed);
  const messages = cluster.parsed.map(({ value, sample }) => ({ value, atMs: sample.atMs }));
  const outer = leavesOf(messages);
  const known = descriptionsOf(cluster, context.described);
  const names = new Set<string>();
  const contracts: Omit<SchemaFile, "path">[] = [];
  const notes: string[] = [];
  let roles: Roles | null = null;
  const entries = parts.flatMap((part): MappingEntry[] => {
    const leaves = wanted(part, leavesOf(part.records), context);
    if (!leaves.some(isMeasured)) return [];
    const draft = draftPart(cluster, part, {
      leaves,
      outer,
      known,
      context,
      isTaken: (name) => names.has(name) || context.isTaken(name),
    });
    if (draft.contract.file) {
      names.add(draft.contract.name);
      contracts.push(draft.contract.file);
    }
    roles = draft.roles;
    notes.push(...draft.notes);
    return [draft.entry];
  });
  return { entries, contracts, notes, roles };
}

/** The members that become fields: with a shipped table only what it has no place for, and no texts. */
function wanted(part: Part, leaves: readonly Leaf[], { only }: EntryContext): readonly Leaf[] {
  if (only === undefined) return leaves;
  if (part.kind !== "message") return [];
  return leaves.filter((leaf) =>
    isMeasured(leaf) ? only.has(pointerOf(leaf.tokens)) : leaf.kind !== "text",
  );
}

/** Descriptions of any topic of the template. */
function descriptionsOf(
  { topics }: Cluster,
  described: Described,
): ReadonlyMap<string, Description> {
  const all = new Map<string, Description>();
  for (const topic of topics)
    for (const [pointer, one] of described.get(topic) ?? []) all.set(pointer, one);
  return all;
}

interface PartContext {
  readonly leaves: readonly Leaf[];
  /** Members of the whole message. */
  readonly outer: readonly Leaf[];
  readonly known: ReadonlyMap<string, Description>;
  readonly context: EntryContext;
  readonly isTaken: (name: string) => boolean;
}

interface PartDraft {
  readonly entry: MappingEntry;
  readonly contract: ChosenContract;
  readonly roles: Roles;
  readonly notes: readonly string[];
}

function draftPart(cluster: Cluster, part: Part, of: PartContext): PartDraft {
  const { leaves, outer, known } = of;
  const isEach = part.each !== null;
  const fields = fieldsOf({ leaves, records: part.records.length, described: known });
  const elementId = isEach ? idLeaf(leaves, "element") : null;
  const isDeviceInElement = elementId !== null && idKind(lastName(elementId.tokens)) === "device";
  const id = isDeviceInElement ? null : payloadId(cluster, outer);
  const measured = fields.filter(({ type }) => type !== "string");
  const isOne = measured.length === 1 && measured[0]!.isUnnamed;
  const found = rolesOf(cluster, isOne && !isEach, id);
  const roles: Roles = isDeviceInElement
    ? {
        ...found,
        device: "{id}",
        names: { id: { pointer: pointerOf(elementId.tokens) } },
        how: `each element says it: ${lastName(elementId.tokens)}`,
      }
    : withOf(found, isEach);
  const time = timeOf(leaves, outer, isEach, of);
  const tag = partTag(part, isDeviceInElement ? null : elementId, time.isOfElement);
  const sequence = leaves.find(({ kind }) => kind === "sequence");
  const hasSequence =
    sequence !== undefined && time.time === "arrival" && sequence.count === part.records.length;
  const { contract, own } = contractOf({ fields, tag, roles, isOne, hasSequence, of, cluster });
  const entry: MappingEntry = {
    name: contract.name,
    topic: roles.pattern,
    ...(roles.device === "{device}" ? {} : { device: roles.device }),
    contract: contract.name,
    ...(roles.names ? { names: roles.names } : {}),
    ...conditionsOf(part, leaves),
    ...(part.each === null ? {} : { each: part.each }),
    ...(hasSequence ? {} : { time: time.time }),
    fields: { ...own, ...(hasSequence ? { seq: { pointer: pointerOf(sequence.tokens) } } : {}) },
  };
  return { entry, contract, roles, notes: [...time.notes, ...leftOut(leaves)] };
}

const withOf = (roles: Roles, isEach: boolean): Roles =>
  roles.names && isEach
    ? {
        ...roles,
        names: Object.fromEntries(
          Object.entries(roles.names).map(([name, field]) => [
            name,
            field.client ? field : { ...field, of: "message" as const },
          ]),
        ),
      }
    : roles;

/** The member that says which device or part a record is of: in every record, the surest name first. */
function idLeaf(leaves: readonly Leaf[], where: "element" | "message"): Leaf | null {
  const ids = leaves.filter(({ kind, tokens }) => kind === "id" && tokens.length <= 2);
  const strong = ids.find(({ tokens }) => idKind(lastName(tokens)) === "device");
  const [weak] = ids.toSorted((a, b) => b.values.length - a.values.length);
  return strong ?? (where === "element" ? (weak ?? null) : null);
}

function payloadId({ parsed, topics }: Cluster, outer: readonly Leaf[]): PayloadId | null {
  const candidates = outer.filter(
    ({ kind, count, tokens }) => kind === "id" && count === parsed.length && tokens.length <= 2,
  );
  const ranked = candidates.toSorted((a, b) => rank(a) - rank(b));
  for (const leaf of ranked) {
    const pointer = pointerOf(leaf.tokens);
    const isStrong = idKind(lastName(leaf.tokens)) === "device";
    const ofTopic = new Map<string, Set<unknown>>();
    for (const { sample, value } of parsed) {
      const ids = ofTopic.get(sample.topic) ?? new Set();
      ofTopic.set(sample.topic, ids.add(memberAt(value, leaf.tokens)));
    }
    const isSeveral = [...ofTopic.values()].some((ids) => ids.size > 1);
    if (!isStrong && !(isSeveral && topics.length === 1)) continue;
    const isLevel = (position: number): boolean =>
      parsed.every(
        ({ levels, value }) => levels[position] === String(memberAt(value, leaf.tokens)),
      );
    return { pointer, name: lastName(leaf.tokens), isStrong, isSeveral, isLevel };
  }
  return null;
}

const rank = ({ tokens }: Leaf): number => (idKind(lastName(tokens)) === "device" ? 0 : 1);

const memberAt = (value: unknown, tokens: readonly string[]): unknown =>
  tokens.reduce<unknown>(
    (found, token) => (found as Record<string, unknown> | null | undefined)?.[token],
    value,
  );

interface FoundTime {
  readonly time: "arrival" | TimeMapping;
  readonly isOfElement: boolean;
  readonly notes: readonly string[];
}

/** The time of the record itself, else that of its message, else the arrival. */
function timeOf(
  leaves: readonly Leaf[],
  outer: readonly Leaf[],
  isEach: boolean,
  { context }: PartContext,
): FoundTime {
  const best = (all: readonly Leaf[]): Leaf | undefined =>
    all
      .filter(({ kind }) => kind === "time")
      .toSorted((a, b) => a.time!.rank - b.time!.rank || b.count - a.count)[0];
  const own = best(leaves);
  const leaf = own ?? best(outer);
  if (!leaf) return { time: "arrival", isOfElement: false, notes: [] };
  const of = own === undefined && isEach ? { of: "message" as const } : {};
  const isOptional = true;
  const time = timeMapping(
    leaf.time!,
    { pointer: pointerOf(leaf.tokens), ...of },
    { zone: context.zone, isOptional },
  );
  const isGuess = time.zone !== undefined && context.zone === undefined && time.zone !== "UTC";
  const notes = isGuess
    ? [
        `${pointerOf(leaf.tokens)} is local time: its zone was taken from the arrivals (${time.zone}); where clocks change, say --zone Europe/Berlin`,
      ]
    : [];
  return { time, isOfElement: own !== undefined, notes };
}

interface PartTag {
  readonly name: "quantity" | "sensor";
  readonly field: FieldMapping;
}

function partTag(part: Part, id: Leaf | null, hasOwnTime: boolean): PartTag | null {
  if (part.kind === "message") return null;
  if (part.kind === "keys") {
    const name = keyName(part.keys);
    return { name, field: { level: name } };
  }
  if (id) {
    const known = id.values.filter(
      (value) => typeof value === "string" && quantityOf(value) !== null,
    ).length;
    const name = known * 2 >= id.values.length ? "quantity" : "sensor";
    const isText = id.values.every((value) => typeof value === "string");
    return { name, field: { pointer: pointerOf(id.tokens), ...(isText ? {} : { as: "text" }) } };
  }
  return hasOwnTime ? null : { name: "sensor", field: { index: 1 } };
}

interface ContractOf {
  readonly fields: readonly FieldPlan[];
  readonly tag: PartTag | null;
  readonly roles: Roles;
  readonly isOne: boolean;
  readonly hasSequence: boolean;
  readonly of: PartContext;
  readonly cluster: Cluster;
}

/** A number without a name is a `measurement`; what has names goes where they fit. */
function contractOf({ fields, tag, roles, isOne, hasSequence, of, cluster }: ContractOf): {
  contract: ChosenContract;
  own: Record<string, FieldMapping>;
} {
  const [only] = fields;
  if (only && (isOne || tag?.name === "quantity") && fields.length === 1) {
    const { optional: _optional, ...value } = only.mapping;
    const numeric = only.type === "boolean" ? { ...value, as: { true: 1, false: 0 } } : value;
    const quantity =
      tag?.name === "quantity" ? tag.field : (roles.quantity ?? { constant: "value" });
    const own = {
      value: numeric,
      quantity,
      ...(tag?.name === "sensor" ? { sensor: tag.field } : {}),
    };
    return { contract: { name: "measurement", part: "sensor", file: null }, own };
  }
  const wantedContract = { fields, hasPart: tag !== null, hasSequence };
  const { catalog } = of.context;
  const name = freeName(
    of.context.contractName ?? roles.pattern,
    (one) => of.isTaken(one) || catalog.versions(one).length > 0,
  );
  const contract =
    fittingContract(catalog, wantedContract) ??
    newContract(name, `Learned from ${cluster.topics[0]!.slice(0, 100)}`, wantedContract);
  const own = Object.fromEntries(fields.map((field) => [field.name, field.mapping]));
  return {
    contract,
    own: { ...own, ...(tag && contract.part !== null ? { [contract.part]: tag.field } : {}) },
  };
}

/** Pointers of one input. */
const POINTERS_MAX = 8;

/** Elements that are no objects are passed over, and messages that lack what all have are another's. */
function conditionsOf(part: Part, leaves: readonly Leaf[]): Pick<MappingEntry, "when"> {
  if (part.kind === "keys") return { when: [{ pointer: "", of: "element", type: "object" }] };
  if (part.kind === "elements") return {};
  const measured = leaves.filter(isMeasured);
  const always = measured.find((leaf) => leaf.count === part.records.length);
  if (always) return { when: [{ pointer: pointerOf(always.tokens) }] };
  const pointer = measured.map(({ tokens }) => pointerOf(tokens));
  if (pointer.length > POINTERS_MAX) return {};
  return { when: [{ expression: "x != ''", with: { x: { pointer, as: "text" } } }] };
}

/** Members that no reading will have. */
function leftOut(leaves: readonly Leaf[]): string[] {
  const names = leaves
    .filter(
      ({ kind, tokens }) =>
        kind === "other" || (kind === "about" && !isValueName(lastName(tokens))),
    )
    .map(({ tokens }) => pointerOf(tokens));
  return names.length === 0
    ? []
    : [`left out, because it is no measurement: ${names.slice(0, 8).join(", ")}`];
}
