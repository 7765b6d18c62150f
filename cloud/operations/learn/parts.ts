// The records in a payload (pure): the message itself, the elements of its arrays, and what stands under the key of a
// sensor.
import { type Rec, leavesOf, isMeasured } from "./leaves.ts";
import { isGeneric, quantityOf } from "./quantities.ts";
import { pointerOf } from "./fields.ts";
import type { Parsed } from "./sample.ts";

export interface Part {
  /** `elements` of an array, members of an object by their `keys`, or the `message`. */
  readonly kind: "message" | "elements" | "keys";
  /** The pointer of `each`; null for the message. */
  readonly each: string | null;
  readonly records: readonly Rec[];
  /** The keys that were heard, with `keys`. */
  readonly keys: readonly string[];
}

const DEPTH_MAX = 3;
/** Records of a part that are looked at. */
const RECORDS_MAX = 2_000;

type Tokens = readonly string[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The parts of all messages, each with its records; the message itself only if it has something of its own. */
export function partsOf(parsed: readonly Parsed[]): Part[] {
  const messages: Rec[] = parsed.map(({ value, sample }) => ({ value, atMs: sample.atMs }));
  const arrays = new Map<string, Tokens>();
  const objects = new Map<string, Tokens>();
  for (const { value } of messages) findPlaces(value, [], arrays, objects);
  const parts: Part[] = [];
  const taken: Tokens[] = [];
  for (const tokens of arrays.values()) {
    const records = messages.flatMap(({ value, atMs }) => {
      const found = at(value, tokens);
      return Array.isArray(found)
        ? found.map((element: unknown) => ({ value: element, atMs }))
        : [];
    });
    parts.push({
      kind: "elements",
      each: pointerOf(tokens),
      records: records.slice(0, RECORDS_MAX),
      keys: [],
    });
    taken.push(tokens);
  }
  for (const tokens of objects.values()) {
    if (taken.some((other) => isWithin(tokens, other))) continue;
    const part = keyedPart(messages, tokens);
    if (!part) continue;
    parts.push(part);
    taken.push(...part.keys.map((key) => [...tokens, key]));
  }
  const rest = messages.map(({ value, atMs }) => ({ value: without(value, taken, []), atMs }));
  const isOwn = parts.length === 0 || leavesOf(rest).some(isMeasured);
  return isOwn ? [...parts, { kind: "message", each: null, records: rest, keys: [] }] : parts;
}

function findPlaces(
  value: unknown,
  tokens: Tokens,
  arrays: Map<string, Tokens>,
  objects: Map<string, Tokens>,
): void {
  if (Array.isArray(value)) {
    const isOfNumbers = tokens.length === 0 && value.some((one) => typeof one === "number");
    if (value.some(isObject) || isOfNumbers) arrays.set(pointerOf(tokens), tokens);
    return;
  }
  if (!isObject(value) || tokens.length > DEPTH_MAX) return;
  if (Object.values(value).some(isObject)) objects.set(pointerOf(tokens), tokens);
  for (const [key, member] of Object.entries(value))
    findPlaces(member, [...tokens, key], arrays, objects);
}

function at(value: unknown, tokens: Tokens): unknown {
  let found = value;
  for (const token of tokens) {
    if (!isObject(found)) return undefined;
    found = found[token];
  }
  return found;
}

const isWithin = (tokens: Tokens, other: Tokens): boolean =>
  other.every((token, place) => tokens[place] === token);

/** Members that are objects alike under names that are no quantities; or quantities, each with value and unit. */
function keyedPart(messages: readonly Rec[], tokens: Tokens): Part | null {
  const shapes = new Map<string, Set<string>>();
  const records: Rec[] = [];
  for (const { value, atMs } of messages) {
    const object = at(value, tokens);
    if (!isObject(object)) continue;
    for (const [key, member] of Object.entries(object)) {
      if (!isObject(member)) continue;
      let shape = shapes.get(key);
      if (!shape) shapes.set(key, (shape = new Set()));
      for (const name of Object.keys(member)) shape.add(name);
      records.push({ value: member, atMs });
    }
  }
  const [first, ...others] = shapes.values();
  if (!first || others.length === 0 || !leavesOf(records).some(isMeasured)) return null;
  const isAlike = others.every((shape) => {
    const shared = [...shape].filter((name) => first.has(name)).length;
    return shared / (shape.size + first.size - shared) >= 0.6;
  });
  const keys = [...shapes.keys()];
  if (!isAlike || keys.some((key) => isGeneric(key))) return null;
  return {
    kind: "keys",
    each: `${pointerOf(tokens)}/{${keyName(keys)}}`,
    records: records.slice(0, RECORDS_MAX),
    keys,
  };
}

/** `quantity` where most keys are known quantities, else `sensor`. */
export const keyName = (keys: readonly string[]): "quantity" | "sensor" =>
  keys.filter((key) => quantityOf(key) !== null).length * 2 > keys.length ? "quantity" : "sensor";

/** The value without what other parts have. */
function without(value: unknown, taken: readonly Tokens[], tokens: Tokens): unknown {
  if (taken.some((other) => other.length === tokens.length && isWithin(tokens, other)))
    return undefined;
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, without(member, taken, [...tokens, key])]),
  );
}
