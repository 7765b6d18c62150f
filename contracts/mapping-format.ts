// The format of the mapping table, and the patterns in it. contracts/mapping.ts checks a table;
// gateway/ingest/mapping.ts compiles and applies it; infra/mappings/ has tables for common devices.
import type { TIME_FORMATS, VALUE_TYPES } from "./mapping-schema.ts";

export type Scalar = string | number | boolean;

/**
 * JSON Pointer (RFC 6901), or several: the first that has something counts. In an array, a token `[key=text]` stands
 * for the first element whose member `key` is that text, number or boolean.
 */
export type Pointers = string | readonly string[];

export type ValueType = (typeof VALUE_TYPES)[number];

/** The treatment of a value that cannot be converted, or that the contract does not allow. */
export type Invalid = "omit" | "clamp" | "refuse";

/**
 * Where a pointer starts: at the whole payload (`message`, 0), at the element that `each` has come to (`element`, the
 * default), or, where `each` is a list, at the element of its first (1), second (2), … pointer.
 */
export type Of = "element" | "message" | number;

/** Inputs of an expression by name: a pointer, or what a field may be, without an expression of its own. */
export type Inputs = Readonly<Record<string, string | FieldMapping>>;

/** The source of one property of the reading: one of pointer, level, index, constant, client and expression. */
export interface FieldMapping {
  /** `""` is the whole payload (or element). With `each`, `{index}` stands for the element's place. */
  readonly pointer?: Pointers;
  readonly of?: Of;
  /** A name of the topic, of a key in `each`, or of `names`, as text. */
  readonly level?: string;
  /** The element's place in its array, with `each`, as text; the first has this number. */
  readonly index?: number;
  readonly constant?: Scalar;
  /** The client id of its sender. */
  readonly client?: true;
  /**
   * CEL over the inputs in `with`, and over `value`, which is what the source beside it has, after `as`. Where an
   * input is missing there is nothing.
   */
  readonly expression?: string;
  readonly with?: Inputs;
  /** Nothing there, or null: the property is left out. Otherwise that refuses the reading. */
  readonly optional?: boolean;
  /** The value where nothing is there, or null. */
  readonly default?: Scalar;
  /**
   * Declared conversion: `number`, from text that is a decimal number; `text`, from a number or a boolean; or a
   * table from words, in either case, to values. Nothing is converted undeclared.
   */
  readonly as?: "number" | "text" | Readonly<Record<string, Scalar>>;
  /** The character before the decimals, with `as: number`; default `.`. */
  readonly decimal?: "." | ",";
  /** Units that may follow the number, with `as: number`; `any`: whatever follows is cut off. */
  readonly units?: "any" | Readonly<Record<string, Unit>>;
  /** value × factor + offset, into the contract's unit. */
  readonly factor?: number;
  readonly offset?: number;
  /**
   * `omit`: the field is left out, counted and noted; `clamp`: a number beyond the contract's bounds
   * becomes the bound; `refuse`: the reading is refused. Default: the entry's for optional fields, else
   * `refuse`.
   */
  readonly invalid?: Invalid;
}

/** The factor of a number in this unit; or that, and what is added then. */
export type Unit = number | { readonly factor?: number; readonly offset?: number };

export type TimeFormat = (typeof TIME_FORMATS)[number];

/** The place of a time: a pointer, a level, or an expression. */
interface TimeSource {
  readonly pointer?: Pointers;
  readonly of?: Of;
  readonly level?: string;
  readonly expression?: string;
  readonly with?: Inputs;
}

export interface TimeMapping extends TimeSource {
  /** One, or several in the order in which they are tried. Epochs are numbers or text. */
  readonly format: TimeFormat | readonly TimeFormat[];
  /** The zone of ISO 8601 text that has none: an IANA zone, `UTC`, or a fixed offset such as `+01:00`. */
  readonly zone?: string;
  /** The time that `pointer` counts from, in its own format. Nothing there: 0, and so for `pointer`. */
  readonly base?: BaseTime;
  /** Nothing there, or null: arrival time. */
  readonly optional?: boolean;
  /** The stand-in for a time before the year CLOCK_SET_YEAR, which no clock that is set shows. */
  readonly fallback?: "arrival";
  /** The contract's time property; default `ts`. */
  readonly property?: string;
}

export interface BaseTime {
  readonly pointer: Pointers;
  readonly of?: Of;
  readonly format: TimeFormat;
  readonly zone?: string;
}

/** A clock that shows an earlier year was never set: it counts from 1970, 1980, 2000 or its making. */
export const CLOCK_SET_YEAR = 2020;

/** A condition of a message, or of an element of it, for an entry to apply. */
export interface Condition {
  readonly pointer?: string;
  /** Elements, with `each`, for which the condition does not hold are passed over. Default: the message. */
  readonly of?: Of;
  /** Without any of these: something is there. */
  readonly equals?: Scalar;
  readonly type?: ValueType | readonly ValueType[];
  /** Nothing is there. */
  readonly absent?: true;
  /** CEL that must be true, over `with` and `value`, which is at the pointer. Where one is missing it is not. */
  readonly expression?: string;
  readonly with?: Inputs;
}

/** The names of the values in arrays: an array of text, and where its pointer starts. */
export interface Columns {
  readonly pointer: string;
  readonly of?: Of;
}

export interface MappingEntry {
  readonly name: string;
  readonly note?: string;
  /**
   * Levels separated by `/`: text, `{name}`, text with one `{name}` in it, `+` (any one level), and last
   * `#` (any number of levels) or `{name#}` (one or more, joined by `/`). Every entry that fits topic and payload gives its reading: one message may hold several.
   */
  readonly topic: string;
  /**
   * Template: text with `{name}` for a name of the topic, of a key in `each`, or of `names`; `{name|lower}` for it in
   * lower case. Default `{device}`.
   */
  readonly device?: string;
  /** Template, like `device`. */
  readonly contract: string;
  /** Default: the newest version that fits. */
  readonly version?: number;
  /** Further names for templates and levels, with where their text comes from. */
  readonly names?: Readonly<Record<string, FieldMapping>>;
  /** `text`: the payload is text, not JSON; pointers of `""` name it. Default `json`. */
  readonly payload?: "json" | "text";
  /** Pointers to text that is JSON: it is read first, and stands in the text's place. */
  readonly unpack?: readonly string[];
  /** The entry applies only to payloads for which all of these hold. */
  readonly when?: readonly Condition[];
  /** The entry applies only where no earlier entry has. */
  readonly otherwise?: true;
  /**
   * Pointer to an array: every element is one reading. Or, with a `{name}` in its last token, to the
   * members of an object whose keys fit: `/params/switch:{channel}`. Or several of them, for arrays in arrays: each
   * starts at the elements of the one before it.
   */
  readonly each?: string | readonly string[];
  /** Elements are arrays, and this names their values: they become objects. */
  readonly columns?: string | Columns;
  /** The treatment of optional fields that say nothing else. Default `omit`. */
  readonly invalid?: "omit" | "refuse";
  /**
   * Event time. `arrival`: the contract is checked with the time of arrival as the reading's, so that
   * one with identity `time` takes it; in the log the reading has no time of its own and is known by its
   * place alone, so that a device that re-sends it after a lost PUBACK is counted again. Absent: no time.
   */
  readonly time?: "arrival" | TimeMapping;
  readonly fields: Readonly<Record<string, FieldMapping>>;
}

const NAMED_LEVEL = /^([^{}+#]*)\{([A-Za-z][A-Za-z0-9_]*)\}([^{}+#]*)$/;

/** Text with one name in it: `{device}`, `switch:{channel}`. */
export interface NamePattern {
  readonly before: string;
  readonly name: string;
  readonly after: string;
}

/** The name of all levels from here on: `{path#}`; null for any other level. */
export const restName = (level: string): string | null =>
  /^\{([A-Za-z][A-Za-z0-9_]*)#\}$/.exec(level)?.[1] ?? null;

/** Null for a level, or a token of a pointer, that is text, a wildcard, or malformed. */
export function namePattern(level: string): NamePattern | null {
  const [, before = "", name, after = ""] = NAMED_LEVEL.exec(level) ?? [];
  return name === undefined ? null : { before, name, after };
}

/** The text that stands for the name in a level or a key; null if that does not fit, or there is nothing. */
export const namedPart = ({ before, after }: NamePattern, level: string): string | null =>
  level.length > before.length + after.length && level.startsWith(before) && level.endsWith(after)
    ? level.slice(before.length, level.length - after.length)
    : null;

/** The pointers of `each`; none without it. */
export const stepsOf = ({ each }: Pick<MappingEntry, "each">): readonly string[] =>
  each === undefined ? [] : [each].flat();

/** The last token of a pointer of `each`, if it stands for several keys. */
export const keyPattern = (pointer: string): NamePattern | null =>
  namePattern(pointer.slice(pointer.lastIndexOf("/") + 1));

/** A word of an `as` table, and of a payload that is looked up there. */
export const foldWord = (word: string): string => word.trim().toLowerCase();
