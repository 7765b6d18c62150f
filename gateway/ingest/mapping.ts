// Mapping (pure): a message on a topic of the mapping table → payloads for contracts, or why not.
//
// M1. Whatever a device sends, nothing throws.
// M2. The device id comes from the topic alone, never from the payload. Access control has decided, on the
//     original topic, whether this client may publish there; admission decides whether it may speak for the
//     device that the table derives from it (admit-reading.ts).
// M3. Equal values give equal text: mapped payloads are canonical JSON (RFC 8785).
// M4. Nothing is converted that the table does not declare; what does not fit is left to the
//     contract to refuse, or refused here with the property's name.
// M5. What is left out, and a time that arrival stands for, is noted: nothing is dropped silently.
import {
  type Condition,
  type Invalid,
  type MappingEntry,
  type MappingTable,
  type NamePattern,
  type ValueType,
  keyPattern,
  namePattern,
  namedPart,
} from "../../contracts/mapping.ts";
import { MappedTime } from "./event-time.ts";
import { type Pointer, parsePointer, valueAt } from "./json-pointer.ts";
import { MappedField, Misfit, type Surroundings } from "./mapped-value.ts";
import type { Note } from "./note.ts";
import { TopicTrie } from "./topic-trie.ts";

/** Elements of one message; more are refused together: frames must not grow by a small message. */
export const ELEMENTS_MAX = 1_000;

export interface Mapped {
  readonly entry: string;
  readonly device: string;
  readonly contract: string;
  readonly version: number | undefined;
  /** One per element of the array, null where a condition passes it over; else exactly one. */
  readonly elements: readonly (MappedElement | null)[];
  /** True where `elements` are those of an array, by index. */
  readonly each: boolean;
  /** The treatment of fields that the contract does not allow. */
  readonly invalid: ReadonlyMap<string, Invalid>;
}

export type MappedElement =
  | {
      readonly kind: "payload";
      readonly payload: Record<string, unknown>;
      readonly notes: readonly Note[];
      /** The property that holds the time of arrival, because the device gave none. */
      readonly stamped?: string;
      /** The time with nanoseconds, if the device says any: for contracts that take text. */
      readonly finer?: FinerTime;
    }
  | Misfit;

export interface FinerTime {
  readonly property: string;
  readonly text: string;
}

type Template = (levels: readonly string[]) => string;

interface Named {
  readonly position: number;
  readonly pattern: NamePattern;
}

interface CompiledCondition {
  readonly pointer: Pointer;
  readonly ofElement: boolean;
  readonly equals: unknown;
  readonly types: readonly ValueType[] | null;
  readonly absent: boolean;
}

interface CompiledEntry {
  readonly at: number;
  readonly entry: MappingEntry;
  /** Levels with a name: an empty one names nothing. */
  readonly named: readonly Named[];
  readonly device: Template;
  readonly contract: Template;
  readonly when: readonly CompiledCondition[];
  readonly each: Pointer | null;
  /** The pattern of keys, if `each` stands for several; `each` is then the object that has them. */
  readonly keys: NamePattern | null;
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
  named.every(({ position }) => levels[position] !== "");

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

  get device(): string {
    return this.#compiled.device(this.#levels);
  }

  get contract(): string {
    return this.#compiled.contract(this.#levels);
  }

  /** Null if the entry's `when` does not hold for this message, or for no element of it. */
  map(message: unknown, receivedAtMs: number): Mapped | null {
    const { when, each, entry, invalid } = this.#compiled;
    for (const condition of when)
      if (!condition.ofElement && !holds(condition, message)) return null;
    const elements =
      each === null
        ? [this.#element(this.#surroundings(message, message, -1), receivedAtMs)]
        : this.#elements(message, each, receivedAtMs);
    const whole = elements instanceof Misfit;
    if (!whole && elements.every((element) => element === null)) return null;
    return {
      entry: entry.name,
      device: this.device,
      contract: this.contract,
      version: entry.version,
      each: each !== null && !whole,
      elements: whole ? [elements] : elements,
      invalid,
    };
  }

  #elements(
    message: unknown,
    each: Pointer,
    receivedAtMs: number,
  ): (MappedElement | null)[] | Misfit {
    const { keys, entry } = this.#compiled;
    const found = valueAt(message, each);
    if (keys) return this.#members(message, found, keys, receivedAtMs);
    const at = entry.each === "" ? "the payload" : entry.each;
    if (!Array.isArray(found)) return new Misfit(`${at} is not an array`);
    if (found.length === 0) return new Misfit(`${at} is an empty array`);
    if (found.length > ELEMENTS_MAX) return tooMany(`${at}`, found.length);
    return found.map((element, index) =>
      this.#element(this.#surroundings(message, element, index), receivedAtMs),
    );
  }

  /** The members whose keys fit, in the order in which they came. */
  #members(
    message: unknown,
    found: unknown,
    keys: NamePattern,
    receivedAtMs: number,
  ): (MappedElement | null)[] | Misfit {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return [];
    const members = Object.entries(found).filter(([key]) => namedPart(keys, key) !== null);
    if (members.length > ELEMENTS_MAX) return tooMany(this.#compiled.entry.each!, members.length);
    return members.map(([key, element]) => {
      const text = namedPart(keys, key)!;
      const from = this.#surroundings(message, element, -1, { name: keys.name, text });
      return this.#element(from, receivedAtMs);
    });
  }

  #surroundings(
    message: unknown,
    element: unknown,
    index: number,
    key?: { name: string; text: string },
  ): Surroundings {
    return { message, element, index, named: (name) => this.#textOf(name, key) };
  }

  #textOf(name: string, key?: { name: string; text: string }): string | undefined {
    if (key?.name === name) return key.text;
    const named = this.#compiled.named.find(({ pattern }) => pattern.name === name);
    return named && (namedPart(named.pattern, this.#levels[named.position]!) ?? undefined);
  }

  /** Null if the element is passed over. */
  #element(from: Surroundings, receivedAtMs: number): MappedElement | null {
    const { when, fields, time } = this.#compiled;
    for (const condition of when)
      if (condition.ofElement && !holds(condition, from.element)) return null;
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
      const root = time.ofMessage ? from.message : from.element;
      const read = time.read(root, from.index, receivedAtMs);
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

const tooMany = (at: string, count: number): Misfit =>
  new Misfit(`${at} holds ${count} readings, the limit is ${ELEMENTS_MAX}`, "too_large");

function holds({ pointer, equals, types, absent }: CompiledCondition, root: unknown): boolean {
  const value = valueAt(root, pointer);
  if (absent) return value === undefined;
  if (value === undefined || (equals !== undefined && value !== equals)) return false;
  return types === null || types.includes(typeOf(value));
}

/** The type of a value that JSON can hold. */
function typeOf(value: unknown): ValueType {
  if (value === null) return "null";
  if (typeof value === "bigint") return "number"; // codecs/exact-json.ts/N1
  return Array.isArray(value) ? "array" : (typeof value as ValueType);
}

function compileEntry(entry: MappingEntry, at: number): CompiledEntry {
  const levels = entry.topic.split("/");
  const named = levels.flatMap((level, position) => {
    const pattern = namePattern(level);
    return pattern ? [{ position, pattern }] : [];
  });
  const keys = keyPattern(entry.each);
  const each = entry.each === undefined ? null : parsePointer(entry.each);
  const fields = Object.entries(entry.fields).map(
    ([name, mapping]) => new MappedField(name, mapping, entry.invalid ?? "omit"),
  );
  return {
    at,
    entry,
    named,
    device: compileTemplate(entry.device ?? "{device}", named),
    contract: compileTemplate(entry.contract, named),
    when: (entry.when ?? []).map((condition) => compileCondition(condition, each !== null)),
    each: each && keys ? each.slice(0, -1) : each,
    keys,
    fields,
    invalid: new Map(fields.map(({ name, invalid }) => [name, invalid])),
    time: typeof entry.time === "object" ? new MappedTime(entry.time) : (entry.time ?? null),
  };
}

const compileCondition = (
  { pointer, of, equals, type, absent }: Condition,
  each: boolean,
): CompiledCondition => ({
  pointer: parsePointer(pointer),
  ofElement: each && of === "element",
  equals,
  types: type === undefined ? null : [type].flat(),
  absent: absent === true,
});

/** Text, and `{level}` or `{level|lower}` in it. */
function compileTemplate(template: string, named: readonly Named[]): Template {
  const parts = template.split(/(\{[^}]*\})/).filter((part) => part !== "");
  const pieces = parts.map((part): string | { level: Named; lower: boolean } => {
    if (!part.startsWith("{")) return part;
    const [name = "", transform] = part.slice(1, -1).split("|");
    const level = named.find(({ pattern }) => pattern.name === name)!;
    return { level, lower: transform === "lower" };
  });
  return (levels) => {
    let text = "";
    for (const piece of pieces) {
      if (typeof piece === "string") text += piece;
      else {
        const level = namedPart(piece.level.pattern, levels[piece.level.position]!) ?? "";
        text += piece.lower ? level.toLowerCase() : level;
      }
    }
    return text;
  };
}
