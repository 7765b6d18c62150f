// Mapping (pure): a message on a topic of the mapping table → payloads for contracts, or why not.
//
// M1. Whatever a device sends, nothing throws.
// M2. The device id comes from the topic alone, never from the payload: access control has already
//     decided, on the original topic, whether this client may publish there, so who may publish on a
//     topic may speak for the device that the table derives from it, and for no other. A table whose
//     template gives two topics one device (`{site}-{device}`) lets both speak for it.
// M3. Equal values give equal text: mapped payloads are canonical JSON (RFC 8785).
// M4. Nothing is converted that the table does not declare; what does not fit is left to the
//     contract to refuse, or refused here with the property's name.
import type {
  FieldMapping,
  MappingEntry,
  MappingTable,
  TimeMapping,
} from "../../contracts/mapping.ts";
import { parseExactly } from "./codecs/exact-json.ts";
import { type Pointer, parsePointer, valueAt } from "./json-pointer.ts";
import { TopicTrie } from "./topic-trie.ts";

/** Elements of one message; more are refused together: frames must not grow by a small message. */
export const ELEMENTS_MAX = 1_000;

export interface Mapped {
  readonly entry: string;
  readonly device: string;
  readonly contract: string;
  readonly version: number | undefined;
  /** One per element of the array, else exactly one. */
  readonly elements: readonly MappedElement[];
  /** True where `elements` are those of an array, by index. */
  readonly each: boolean;
}

export type MappedElement =
  | {
      readonly kind: "payload";
      readonly payload: Record<string, unknown>;
      /** The property that holds the time of arrival, because the device gave none. */
      readonly stamped?: string;
    }
  | Misfit;

/** A class, because fields hold whatever a device sends: a look-alike must not pass for one. */
export class Misfit {
  readonly kind = "misfit";
  readonly reason: "unmappable" | "too_large";
  readonly detail: string;

  constructor(detail: string, reason: "unmappable" | "too_large" = "unmappable") {
    this.reason = reason;
    this.detail = detail;
  }
}

type Template = (levels: readonly string[]) => string;

interface CompiledField {
  readonly name: string;
  readonly mapping: FieldMapping;
  readonly pointer: Pointer;
  readonly ofMessage: boolean;
  readonly level: number;
}

interface CompiledEntry {
  readonly at: number;
  readonly entry: MappingEntry;
  /** Positions of named levels: an empty level names nothing. */
  readonly named: readonly number[];
  readonly device: Template;
  readonly contract: Template;
  readonly when: readonly { pointer: Pointer; equals: unknown }[];
  readonly each: Pointer | null;
  readonly fields: readonly CompiledField[];
  readonly timePointer: Pointer;
}

/** A checked table, compiled. */
export class Mapper {
  readonly #trie = new TopicTrie<CompiledEntry>();
  readonly #names: ReadonlySet<string>;

  constructor(table: MappingTable) {
    table.forEach((entry, at) => this.#trie.add(entry.topic, compileEntry(entry, at)));
    this.#names = new Set(table.map(({ name }) => name));
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

const fits = (named: readonly number[], levels: readonly string[]): boolean =>
  named.every((at) => levels[at] !== "");

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

  get device(): string {
    return this.#compiled.device(this.#levels);
  }

  get contract(): string {
    return this.#compiled.contract(this.#levels);
  }

  /** Null if the entry's `when` does not hold for this message. */
  map(message: unknown, receivedAtMs: number): Mapped | null {
    const { when, each, entry } = this.#compiled;
    for (const { pointer, equals } of when) {
      const value = valueAt(message, pointer);
      if (value === undefined || (equals !== undefined && value !== equals)) return null;
    }
    const elements =
      each === null
        ? [this.#element(message, message, receivedAtMs)]
        : this.#elements(message, each, receivedAtMs);
    const whole = elements instanceof Misfit;
    return {
      entry: entry.name,
      device: this.device,
      contract: this.contract,
      version: entry.version,
      each: each !== null && !whole,
      elements: whole ? [elements] : elements,
    };
  }

  #elements(message: unknown, each: Pointer, receivedAtMs: number): MappedElement[] | Misfit {
    const array = valueAt(message, each);
    const at = this.#compiled.entry.each === "" ? "the payload" : this.#compiled.entry.each;
    if (!Array.isArray(array)) return new Misfit(`${at} is not an array`);
    if (array.length === 0) return new Misfit(`${at} is an empty array`);
    if (array.length > ELEMENTS_MAX)
      return new Misfit(
        `${at} holds ${array.length} readings, the limit is ${ELEMENTS_MAX}`,
        "too_large",
      );
    return array.map((element) => this.#element(message, element, receivedAtMs));
  }

  #element(message: unknown, element: unknown, receivedAtMs: number): MappedElement {
    const payload: Record<string, unknown> = {};
    for (const field of this.#compiled.fields) {
      const value = this.#fieldValue(field, field.ofMessage ? message : element);
      if (value instanceof Misfit) return value;
      if (value !== undefined) payload[field.name] = value;
    }
    const { time } = this.#compiled.entry;
    if (time === "arrival") {
      payload["ts"] = receivedAtMs;
      return { kind: "payload", payload, stamped: "ts" };
    }
    if (time) {
      const root = time.of === "message" ? message : element;
      const found = valueAt(root, this.#compiled.timePointer);
      const value = timeValue(time, found, receivedAtMs);
      if (value instanceof Misfit) return value;
      if (found === undefined || found === null) {
        const stamped = time.property ?? "ts";
        return { kind: "payload", payload: { ...payload, [stamped]: value }, stamped };
      }
      payload[time.property ?? "ts"] = value;
    }
    return { kind: "payload", payload };
  }

  #fieldValue({ name, mapping, pointer, level }: CompiledField, root: unknown): unknown {
    const found = mapping.constant ?? (level >= 0 ? this.#levels[level] : valueAt(root, pointer));
    if (mapping.optional === true && (found === undefined || found === null)) return undefined;
    if (found === undefined) return new Misfit(`/${name}: nothing at "${mapping.pointer}"`);
    const value = mapping.as === "number" && typeof found === "string" ? numberIn(found) : found;
    if (value === undefined)
      return new Misfit(`/${name}: the text at "${mapping.pointer ?? ""}" is no number`);
    if (mapping.factor === undefined && mapping.offset === undefined) return value;
    if (typeof value !== "number") return new Misfit(`/${name}: only a number has a unit`);
    return value * (mapping.factor ?? 1) + (mapping.offset ?? 0);
  }
}

function compileEntry(entry: MappingEntry, at: number): CompiledEntry {
  const levels = entry.topic.split("/");
  const positionOf = (name: string): number => levels.indexOf(`{${name}}`);
  return {
    at,
    entry,
    named: levels.flatMap((level, position) => (level.startsWith("{") ? [position] : [])),
    device: compileTemplate(entry.device ?? "{device}", positionOf),
    contract: compileTemplate(entry.contract, positionOf),
    when: (entry.when ?? []).map(({ pointer, equals }) => ({
      pointer: parsePointer(pointer),
      equals,
    })),
    each: entry.each === undefined ? null : parsePointer(entry.each),
    fields: Object.entries(entry.fields).map(([name, mapping]) => ({
      name,
      mapping,
      pointer: parsePointer(mapping.pointer ?? ""),
      ofMessage: mapping.of === "message",
      level: mapping.level === undefined ? -1 : positionOf(mapping.level),
    })),
    timePointer: typeof entry.time === "object" ? parsePointer(entry.time.pointer) : [],
  };
}

/** Text, and `{level}` or `{level|lower}` in it. */
function compileTemplate(template: string, positionOf: (name: string) => number): Template {
  const parts = template.split(/(\{[^}]*\})/).filter((part) => part !== "");
  const pieces = parts.map((part): string | { position: number; lower: boolean } => {
    if (!part.startsWith("{")) return part;
    const [name = "", transform] = part.slice(1, -1).split("|");
    return { position: positionOf(name), lower: transform === "lower" };
  });
  return (levels) => {
    let text = "";
    for (const piece of pieces) {
      if (typeof piece === "string") text += piece;
      else {
        const level = levels[piece.position]!;
        text += piece.lower ? level.toLowerCase() : level;
      }
    }
    return text;
  };
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Text that is a JSON number, with white space around it; undefined for any other. */
function numberIn(text: string): number | bigint | undefined {
  const trimmed = text.length <= 64 ? text.trim() : "";
  if (!JSON_NUMBER.test(trimmed)) return undefined;
  return parseExactly(trimmed) as number | bigint;
}

const ISO_TEXT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?$/;

/** Epoch milliseconds. */
function timeValue(time: TimeMapping, value: unknown, receivedAtMs: number): number | Misfit {
  const property = `/${time.property ?? "ts"}`;
  if (value === undefined || value === null)
    return time.optional === true
      ? receivedAtMs
      : new Misfit(`${property}: no time at "${time.pointer}"`);
  const ms = time.format === "iso8601" ? isoMs(value, time.zone) : epochMs(value, time.format);
  return Number.isSafeInteger(ms)
    ? ms
    : new Misfit(
        `${property}: "${time.pointer}" is not ${time.format}${time.zone ? "" : " with a zone"}`,
      );
}

const epochMs = (value: unknown, format: "epoch_s" | "epoch_ms"): number =>
  typeof value === "number"
    ? Math.floor(format === "epoch_s" ? round(value * 1000) : value)
    : Number.NaN;

/** Seconds with decimals are not exact in binary: 1657878122.44 × 1000 is a hair below …440. */
const round = (ms: number): number => Math.round(ms * 1000) / 1000;

function isoMs(value: unknown, zone: string | undefined): number {
  const match = typeof value === "string" && value.length <= 40 ? ISO_TEXT.exec(value) : null;
  if (!match) return Number.NaN;
  const offset = match[3] ?? (zone === "UTC" ? "Z" : zone);
  if (offset === undefined) return Number.NaN;
  return Math.floor(Date.parse(`${match[1]}T${match[2]}${offset}`));
}
