// Mapping (pure): a message on a topic of the mapping table → payloads for contracts, or why not.
//
// M1. Whatever a device sends, nothing throws.
// M2. The device id is what the table derives from topic, payload and client id. Access control has decided, on
//     the original topic, whether this client may publish there; admission decides for each reading whether it
//     may speak for its device (admit-reading.ts).
// M3. Equal values give equal text: mapped payloads are canonical JSON (RFC 8785).
// M4. Nothing is converted that the table does not declare; what does not fit is left to the
//     contract to refuse, or refused here with the property's name.
// M5. What is left out, and a time that arrival stands for, is noted: nothing is dropped silently.
import type { Invalid, MappingEntry, NamePattern } from "../../contracts/mapping-format.ts";
import { namePattern, namedPart, restName, stepsOf } from "../../contracts/mapping-format.ts";
import type { MappingTable } from "../../contracts/mapping.ts";
import { MappedTime } from "./event-time.ts";
import { MappedCondition } from "./mapped-condition.ts";
import { Elements, type FoundElement } from "./mapped-elements.ts";
import { Misfit, type Surroundings, type Work } from "./mapped-scope.ts";
import { textOf } from "./mapped-text.ts";
import { MappedField } from "./mapped-value.ts";
import { type NameTemplate, compileTemplate } from "./name-template.ts";
import type { Note } from "./note.ts";
import { TopicTrie } from "./topic-trie.ts";
import { Unpacking } from "./unpacking.ts";

export interface Mapped {
  readonly entry: string;
  readonly version: number | undefined;
  /** One per element of the array, null where a condition passes it over; else exactly one. */
  readonly elements: readonly (MappedElement | null)[];
  /** True where `elements` are those of an array, by index. */
  readonly each: boolean;
  /** The treatment of fields that the contract does not allow. */
  readonly invalid: ReadonlyMap<string, Invalid>;
}

export interface MappedElement {
  /** Null where the payload should have it and does not; then `made` says so. */
  readonly device: string | null;
  readonly contract: string | null;
  readonly made: MappedPayload | Misfit;
}

export interface MappedPayload {
  readonly kind: "payload";
  readonly payload: Record<string, unknown>;
  readonly notes: readonly Note[];
  /** The property that holds the time of arrival, because the device gave none. */
  readonly stamped?: string;
  /** The time with nanoseconds, if the device says any: for contracts that take text. */
  readonly finer?: FinerTime;
}

export interface FinerTime {
  readonly property: string;
  readonly text: string;
}

/** The sender and the moment of a message. */
export interface MappedArrival {
  readonly receivedAtMs: number;
  readonly clientId: string | undefined;
  /** The cost of all entries that are tried. */
  readonly work: Work;
}

interface Named {
  readonly position: number;
  readonly pattern: NamePattern;
  /** True if it stands for all levels from there on. */
  readonly isRest: boolean;
}

const levelAt = ({ position, isRest }: Named, levels: readonly string[]): string =>
  isRest ? levels.slice(position).join("/") : (levels[position] ?? "");

interface CompiledEntry {
  readonly at: number;
  readonly entry: MappingEntry;
  /** Levels with a name: an empty one names nothing. */
  readonly named: readonly Named[];
  readonly names: ReadonlyMap<string, MappedField>;
  readonly device: NameTemplate;
  readonly contract: NameTemplate;
  readonly unpacking: Unpacking;
  readonly when: readonly MappedCondition[];
  readonly elements: Elements;
  readonly isEach: boolean;
  readonly fields: readonly MappedField[];
  readonly invalid: ReadonlyMap<string, Invalid>;
  readonly time: MappedTime | "arrival" | null;
}

/** A checked table, compiled. */
export class Mapper {
  readonly #trie = new TopicTrie<CompiledEntry>();
  readonly #names: ReadonlySet<string>;

  constructor(table: MappingTable) {
    table.forEach((entry, at) => this.#trie.add(entry.topic, compileEntry(entry, at)));
    this.#names = new Set(table.map(({ name }) => name));
  }

  /** True if there is an entry for the topic. */
  has(topic: string): boolean {
    return this.entriesFor(topic).length > 0;
  }

  /** The entries for a topic; empty if none has such a pattern. */
  entriesFor(topic: string, only?: string): MappingMatch[] {
    const levels = topic.split("/");
    const one = only !== undefined && this.#names.has(only) ? only : undefined;
    return this.#trie
      .match(levels)
      .filter(
        ({ named, entry }) => fits(named, levels) && (one === undefined || entry.name === one),
      )
      .sort((a, b) => a.at - b.at)
      .map((entry) => new MappingMatch(entry, levels));
  }
}

const fits = (named: readonly Named[], levels: readonly string[]): boolean =>
  named.every((one) => levelAt(one, levels) !== "");

/** One entry that has the topic's pattern. */
export class MappingMatch {
  readonly #compiled: CompiledEntry;
  readonly #levels: readonly string[];

  constructor(compiled: CompiledEntry, levels: readonly string[]) {
    this.#compiled = compiled;
    this.#levels = levels;
  }

  get entry(): string {
    return this.#compiled.entry.name;
  }

  /** True if the entry takes the payload as text. */
  get isText(): boolean {
    return this.#compiled.entry.payload === "text";
  }

  /** True if the entry stands back where an earlier one applies. */
  get isOtherwise(): boolean {
    return this.#compiled.entry.otherwise === true;
  }

  /** Null if the topic alone does not say it. */
  get device(): string | null {
    return this.#ofTopic(this.#compiled.device);
  }

  /** Null if the topic alone does not say it. */
  get contract(): string | null {
    return this.#ofTopic(this.#compiled.contract);
  }

  /** Null if the entry's `when` does not hold for this message, or for no element of it. */
  map(sent: unknown, arrival: MappedArrival): Mapped | null {
    const { when, elements, entry, invalid, unpacking, isEach } = this.#compiled;
    const { message, fault } = unpacking.of(sent);
    const whole = this.#surroundings(
      { scopes: [{ value: message, index: -1 }], keys: [] },
      arrival,
    );
    let stopped: Misfit | null = null;
    for (const condition of when) {
      if (condition.isOfElement) continue;
      const holds = condition.holds(whole);
      if (holds === false) return null;
      if (holds instanceof Misfit) stopped = holds;
    }
    const found = stopped ?? fault ?? elements.in(message);
    const ofTopic = { device: this.device, contract: this.contract };
    const made =
      found instanceof Misfit
        ? [{ ...ofTopic, made: found }]
        : found.map((one) => this.#element(one, arrival, ofTopic));
    if (made.every((element) => element === null)) return null;
    return {
      entry: entry.name,
      version: entry.version,
      each: isEach && !(found instanceof Misfit),
      elements: made,
      invalid,
    };
  }

  /** The reason why the entry does not apply to a message of its topic, in words; null if it does. */
  whyNot(sent: unknown, arrival: MappedArrival): string | null {
    const { when, elements, unpacking } = this.#compiled;
    if (this.map(sent, arrival) !== null) return null;
    const { message } = unpacking.of(sent);
    const whole = this.#surroundings(
      { scopes: [{ value: message, index: -1 }], keys: [] },
      arrival,
    );
    const found = elements.in(message);
    const first = found instanceof Misfit ? undefined : found[0];
    const reasons = when.flatMap((condition) => {
      if (!condition.isOfElement) return condition.whyNot(whole) ?? [];
      if (first === undefined || !condition.isWithin(first)) return [];
      const why = condition.whyNot(this.#surroundings(first, arrival));
      return why === null ? [] : `of its first element ${why}`;
    });
    return reasons[0] ?? "no key is there that its each names";
  }

  #ofTopic(template: NameTemplate): string | null {
    const text = template((name) => this.#levelOf(name));
    return typeof text === "string" ? text : null;
  }

  #levelOf(name: string): string | undefined {
    const named = this.#compiled.named.find(({ pattern }) => pattern.name === name);
    return named && (namedPart(named.pattern, levelAt(named, this.#levels)) ?? undefined);
  }

  #surroundings(
    { scopes, keys }: Pick<FoundElement, "scopes" | "keys">,
    { clientId, work }: MappedArrival,
  ): Surroundings {
    const from: Surroundings = {
      scopes,
      clientId,
      work,
      named: (name) => {
        const key = keys.find((one) => one.name === name);
        return key ? key.text : (this.#levelOf(name) ?? this.#further(name, from));
      },
    };
    return from;
  }

  #further(name: string, from: Surroundings): string | undefined | Misfit {
    const field = this.#compiled.names.get(name);
    const found = field?.read(from);
    if (found === undefined || found instanceof Misfit) return found;
    return textOf(found) ?? new Misfit(`/names/${name}: no text, number or boolean is there`);
  }

  /** Null if the element is passed over. */
  #element(
    element: FoundElement,
    arrival: MappedArrival,
    ofTopic: Pick<MappedElement, "device" | "contract">,
  ): MappedElement | null {
    const { when, device: deviceOf, contract: contractOf } = this.#compiled;
    const from = this.#surroundings(element, arrival);
    let stopped = element.fault;
    for (const condition of when) {
      if (!condition.isOfElement || !condition.isWithin(element)) continue;
      const holds = condition.holds(from);
      if (holds === false) return null;
      if (holds instanceof Misfit) stopped = holds;
    }
    const device = ofTopic.device ?? deviceOf(from.named);
    const contract = ofTopic.contract ?? contractOf(from.named);
    const fault = stopped ?? [device, contract].find((one) => one instanceof Misfit);
    return {
      device: typeof device === "string" ? device : null,
      contract: typeof contract === "string" ? contract : null,
      made: fault instanceof Misfit ? fault : this.#payload(from, arrival.receivedAtMs),
    };
  }

  #payload(from: Surroundings, receivedAtMs: number): MappedPayload | Misfit {
    const { fields, time } = this.#compiled;
    const payload: Record<string, unknown> = {};
    const notes: Note[] = [];
    for (const field of fields) {
      const value = field.read(from);
      if (value instanceof Misfit) {
        if (!field.omits) return value;
        notes.push({ field: field.name, how: "left_out", detail: value.detail }); // M5
      } else if (value !== undefined) payload[field.name] = value;
    }
    if (time === "arrival") {
      payload["ts"] = receivedAtMs;
      return { kind: "payload", payload, notes, stamped: "ts" };
    }
    if (time) {
      const read = time.read(from, receivedAtMs);
      if (read.kind === "fault") return new Misfit(read.detail);
      payload[time.property] = read.ms;
      if (read.isArrival)
        notes.push({
          field: time.property,
          how: "arrival_time",
          detail: `/${time.property}: the device's clock is not set`,
        }); // M5
      const { property } = time;
      if (read.isStamped) return { kind: "payload", payload, notes, stamped: property };
      if (read.finer !== undefined)
        return { kind: "payload", payload, notes, finer: { property, text: read.finer } };
    }
    return { kind: "payload", payload, notes };
  }
}

function compileEntry(entry: MappingEntry, at: number): CompiledEntry {
  const levels = entry.topic.split("/");
  const named = levels.flatMap((level, position) => {
    const rest = restName(level);
    if (rest !== null)
      return [{ position, pattern: { before: "", name: rest, after: "" }, isRest: true }];
    const pattern = namePattern(level);
    return pattern ? [{ position, pattern, isRest: false }] : [];
  });
  const steps = stepsOf(entry);
  const fields = Object.entries(entry.fields).map(
    ([name, mapping]) => new MappedField(name, mapping, entry.invalid ?? "omit"),
  );
  const names = Object.entries(entry.names ?? {}).map(
    ([name, mapping]) => [name, new MappedField(`names/${name}`, mapping, "refuse")] as const,
  );
  return {
    at,
    entry,
    named,
    names: new Map(names),
    device: compileTemplate(entry.device ?? "{device}"),
    contract: compileTemplate(entry.contract),
    unpacking: new Unpacking(entry.unpack ?? []),
    when: (entry.when ?? []).map(
      (condition, place) => new MappedCondition(condition, steps.length, `when/${place}`),
    ),
    elements: new Elements(steps, entry.columns),
    isEach: steps.length > 0,
    fields,
    invalid: new Map(fields.map(({ name, invalid }) => [name, invalid])),
    time: typeof entry.time === "object" ? new MappedTime(entry.time) : (entry.time ?? null),
  };
}
