// The identity of a reading (pure): what tells one that was sent again from another one.
//
// I1. A reading that has a sequence or a time of its own is known by what it says: its tags, fields and
//     sequence, and the instant if it names one. How it says so (1e1 or 10, the order of keys, the zone of
//     a time) is not part of that, nor are properties that the contract does not know.
// I2. A reading that has neither, or whose contract says `none`, is known by its place in the log alone:
//     equal ones are as many readings as there are places.
// I3. An identity is one of a device and contract: a device can only take readings of its own for repeats.
//
// 53 bits of two mixes in the manner of MurmurHash3, over the numbers themselves: libraries hash bytes or
// text, and writing a reading as text costs more than everything else that is done with it here.
import type { Contract } from "../schema/contract.ts";
import { SLOTS_PER_MS } from "./reading.ts";

type Payload = Readonly<Record<string, unknown>>;

/** The identity of a reading that only its place tells apart; equal to nothing, itself included (I2). */
export const PLACED = Number.NaN;

/** True if the device says itself when it was. */
export const hasOwnTime = ({ timeProperty }: Contract, payload: Payload): boolean =>
  timeProperty !== undefined && payload[timeProperty] !== undefined;

/** @param eventMs as of `eventTimeMs`, whole. */
export function identityOf(contract: Contract, payload: Payload, eventMs: number): number {
  const isTimed = hasOwnTime(contract, payload);
  if (contract.identity === "none" || (contract.identity === "time" && !isTimed)) return PLACED;
  const mix = new Mix();
  if (isTimed) {
    mix.number(eventMs);
    mix.word(nanosecondsIn(payload[contract.timeProperty!]));
  }
  for (const { name, kind, seed } of contract.content) {
    const value = payload[name];
    if (value === undefined || value === null) continue;
    if (typeof value === "number" && kind !== "tag") {
      mix.word(seed);
      mix.number(value);
    } else if (typeof value === "boolean" && kind === "boolean") {
      mix.word(seed);
      mix.word(value ? 1 : 0);
    } else if (kind === "tag" || typeof value === "string") {
      mix.word(seed);
      mix.text(typeof value === "string" ? value : JSON.stringify(value));
    }
  }
  return mix.result;
}

/**
 * The first slot under the millisecond that a reading asks for; another one may have it.
 * @param ordinal of the reading in its lane, for one that only its place tells apart.
 */
export const slotOf = (identity: number, ordinal: number): number =>
  (Number.isNaN(identity) ? ordinal : identity) % SLOTS_PER_MS;

/** A time may have more digits than milliseconds: they tell readings of one millisecond apart. */
function nanosecondsIn(time: unknown): number {
  if (typeof time === "number") return Math.round((time - Math.floor(time)) * 1e6);
  const digits = typeof time === "string" ? /[.,]\d{3}(\d{1,6})/.exec(time)?.[1] : undefined;
  return digits === undefined ? 0 : Number(digits.padEnd(6, "0"));
}

const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

class Mix {
  #a = 0x9747b28c;
  #b = 0x5bd1e995;
  #words = 0;

  word(word: number): void {
    this.#words += 1;
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    const a = this.#a ^ k;
    this.#a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    k = Math.imul(word, 0x239b961b);
    k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
    const b = this.#b ^ k;
    this.#b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
  }

  number(value: number): void {
    DOUBLE[0] = value + 0; // −0 and 0 are one number.
    this.word(WORDS[0]!);
    this.word(WORDS[1]!);
  }

  text(text: string): void {
    const { length } = text;
    this.word(length);
    for (let at = 0; at < length; at += 2)
      this.word(text.charCodeAt(at) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0));
  }

  get result(): number {
    return (finish(this.#b ^ this.#words) >>> 11) * 2 ** 32 + (finish(this.#a ^ this.#words) >>> 0);
  }
}

function finish(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
