// Which level of a template is the device, and which the quantity (pure).
//
// J1. Who sends is the best witness: a level that is always the sender's id is the device.
// J2. Where two levels could be the device, both together are: a name that is too long merges nobody.
import { isGeneric, quantityOf } from "./quantities.ts";
import type { FieldMapping } from "../../../contracts/mapping-format.ts";
import type { Parsed } from "./sample.ts";
import type { Cluster } from "./topics.ts";

export interface Roles {
  /** The topic pattern of a mapping. */
  readonly pattern: string;
  /** Template of the device's id. */
  readonly device: string;
  readonly names?: Readonly<Record<string, FieldMapping>>;
  /** The place of the quantity of a number that stands alone. */
  readonly quantity: FieldMapping | null;
  /** The way in which the device was found, in words. */
  readonly how: string;
}

/** The member of a payload that says which device it is of. */
export interface PayloadId {
  readonly pointer: string;
  readonly name: string;
  /** Names that only a device has, such as a serial number. */
  readonly isStrong: boolean;
  /** One topic has several. */
  readonly isSeveral: boolean;
  readonly isLevel: (position: number) => boolean;
}

/** @param isBare numbers and words that stand alone, or as the only value of an object. */
export function rolesOf(cluster: Cluster, isBare: boolean, id: PayloadId | null): Roles {
  const { levels, variable } = cluster;
  const quantityAt = isBare ? quantityLevel(cluster) : null;
  const quantity = quantityAt === null ? null : quantityField(quantityAt, levels[0]!, variable);
  const rest = variable.filter((at) => at !== quantityAt);
  const by = (positions: readonly number[], how: string): Roles => ({
    ...patternOf(cluster, { devices: positions, quantityAt }),
    quantity,
    how,
  });
  const sender = senderLevel(cluster);
  if (sender !== null && sender !== quantityAt)
    return by([sender], "the sender's id is this level");
  if (id !== null && (id.isSeveral || (id.isStrong && rest.length === 0)))
    return {
      ...by([], `the payload says it: ${id.name}`),
      device: "{id}",
      names: { id: { pointer: id.pointer } },
    };
  const sameAsId = id === null ? undefined : rest.find((at) => id.isLevel(at));
  if (sameAsId !== undefined) return by([sameAsId], `the payload's ${id!.name} is this level`);
  if (rest.length > 0) return by(withPlace(cluster, keyLevels(cluster, rest)), "what differs");
  return alone(cluster, quantityAt, quantity);
}

/** One topic, or one device with several quantities. */
function alone(cluster: Cluster, quantityAt: number | null, quantity: FieldMapping | null): Roles {
  const first = cluster.levels[0]!;
  const free = first.flatMap((level, at) =>
    at === quantityAt || isGeneric(level) || quantityOf(level) !== null ? [] : [at],
  );
  const numbered = free.filter((at) => /\d/.test(first[at]!));
  const before = free.filter((at) => quantityAt === null || at < quantityAt);
  const at = numbered.at(-1) ?? before.at(-1) ?? free.at(-1);
  const others = first.length - (quantityAt === null ? 1 : 2);
  if (at !== undefined && others > 0)
    return {
      ...patternOf(cluster, { devices: withPlace(cluster, [at]), quantityAt }),
      quantity,
      how: "the only level that could be a name",
    };
  const senders = new Set(cluster.parsed.map(({ sample }) => sample.principal ?? sample.clientId));
  const pattern = patternOf(cluster, { devices: [], quantityAt });
  if (senders.size === 1 && !senders.has(""))
    return {
      ...pattern,
      device: "{client}",
      names: { client: { client: true } },
      quantity,
      how: "the sender's id",
    };
  return { ...pattern, quantity, how: "its topic, for want of another name" };
}

/** A number such as 7 names nobody without the level before it (J2). */
function withPlace({ levels }: Cluster, positions: readonly number[]): readonly number[] {
  const [at] = positions;
  if (positions.length !== 1 || at === undefined || at === 0) return positions;
  const isShort = levels.every((one) => /^(?:\d{1,4}|\p{L})$/u.test(one[at]!));
  return isShort && levels.every((one) => one[at - 1] !== "") ? [at - 1, at] : positions;
}

/** The position of the quantity of numbers that stand alone; null if no level says one. */
function quantityLevel({ levels, variable }: Cluster): number | null {
  const known = (at: number): number =>
    levels.filter((one) => quantityOf(one[at]!) !== null).length / levels.length;
  const named = levels[0]!.map((_, at) => at).filter((at) => known(at) >= 0.5);
  const ofVariable = named.findLast((at) => variable.includes(at));
  if (ofVariable !== undefined) return ofVariable;
  const last = levels[0]!.length - 1;
  if (named.length > 0) return named.at(-1)!;
  const before = levels[0]!.slice(0, last);
  if (variable.includes(last) && (variable.length > 1 || before.some((level) => !isGeneric(level))))
    return last;
  return !variable.includes(last) &&
    last > 0 &&
    !isGeneric(levels[0]![last]!) &&
    variable.length > 0
    ? last
    : last > 1 && !variable.includes(last)
      ? last
      : null;
}

const quantityField = (
  at: number,
  first: readonly string[],
  variable: readonly number[],
): FieldMapping => (variable.includes(at) ? { level: "quantity" } : { constant: first[at]! });

/** The level that is the sender's id in every message; null if there is none. */
function senderLevel({ parsed, levels }: Cluster): number | null {
  const isSender = ({ sample, levels: own }: Parsed, at: number): boolean =>
    own[at] !== "" && (sample.principal === own[at] || sample.clientId === own[at]);
  const at = levels[0]!.findIndex((_, position) => parsed.every((one) => isSender(one, position)));
  return at === -1 ? null : at;
}

/** The level that alone tells the topics apart, if it clearly does; else all of them (J2). */
function keyLevels({ levels }: Cluster, positions: readonly number[]): readonly number[] {
  if (positions.length === 1) return positions;
  const distinct = (at: number): number => new Set(levels.map((one) => one[at])).size;
  const whole = new Set(levels.map((one) => positions.map((at) => one[at]).join("/"))).size;
  const key = positions.find(
    (at) =>
      distinct(at) === whole &&
      positions.every((other) => other === at || distinct(at) >= 2 * distinct(other)),
  );
  return key === undefined ? positions : [key];
}

interface Positions {
  readonly devices: readonly number[];
  readonly quantityAt: number | null;
}

/** Levels that differ and are neither are any. */
function patternOf(
  { levels, variable }: Cluster,
  { devices, quantityAt }: Positions,
): { pattern: string; device: string } {
  const first = levels[0]!;
  const named =
    devices.length === 1 || devices.every((at) => !variable.includes(at))
      ? devices.slice(-1)
      : devices.filter((at) => variable.includes(at));
  const nameOf = (at: number): string => (named.length > 1 ? `level${at + 1}` : "device");
  const pattern = first
    .map((level, at) => {
      if (named.includes(at)) return `{${nameOf(at)}}`;
      if (!variable.includes(at)) return level;
      return at === quantityAt ? "{quantity}" : "+";
    })
    .join("/");
  const parts = devices.map((at) => (named.includes(at) ? `{${nameOf(at)}}` : idText(first[at]!)));
  return { pattern, device: devices.length === 0 ? idText(first.join("-")) : parts.join("-") };
}

const idText = (text: string): string =>
  text.replaceAll(/[{}/+#$\s]/g, "-").replace(/^-+|-+$/g, "") || "device";
