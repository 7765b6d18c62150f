// The bound on the series that a device opens by its tags: each is points and rollups of its own in the
// store, and an open window at the hub, so that one device with a changing tag could fill both.
//
// L1. A device may have named at most `max` tag sets of one contract. One that it names again stays known
//     for at least an hour, and is forgotten after two: what nobody names is gone with its generation.
// L2. What is remembered is bounded by CHARS_MAX. Past it the generation ends early: then more is let
//     through, never less. A restart forgets everything.
// L3. Contracts without such tags cost one look at a length.
import { seriesText, tagsOf } from "../../contracts/messages/series.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import type { Fault } from "./time-fault.ts";

/** Default of `max`. */
export const DEVICE_SERIES_MAX = 1_000;

const GENERATION_MS = 3_600_000;
/** Characters of one generation; both together are some 100 MB. */
const CHARS_MAX = 16 * 1024 * 1024;
/** The memory of an entry besides its text. */
const ENTRY_CHARS = 50;

/** Contract → device → tag sets. */
type Generation = Map<string, Map<string, Set<string>>>;

export class SeriesLimit {
  readonly #max: number;
  readonly #clock: () => number;
  readonly #charsMax: number;
  #now: Generation = new Map();
  /** Names of the generation before that are not named in this one. */
  #before: Generation = new Map();
  #chars = 0;
  #untilMs: number;

  /** @param clock in ms, from anywhere. */
  constructor(max: number, clock: () => number, charsMax = CHARS_MAX) {
    this.#max = max;
    this.#clock = clock;
    this.#charsMax = charsMax;
    this.#untilMs = clock() + GENERATION_MS;
  }

  /** Null if the reading is of a series that the device may name; it is known then. */
  fault(
    contract: Contract,
    device: string,
    payload: Readonly<Record<string, unknown>>,
  ): Fault | null {
    const { name, seriesTags } = contract;
    if (seriesTags.length === 0) return null; // L3
    const tags = tagsOf(payload, seriesTags);
    const text = tags.length === 0 ? "" : seriesText("", tags);
    this.#rotateIfDue();
    const known = setOf(this.#now, name, device);
    if (known.has(text)) return null;
    const before = this.#before.get(name)?.get(device);
    const again = before?.delete(text) === true;
    if (!again && known.size + (before?.size ?? 0) >= this.#max) return this.#fault(device, tags);
    known.add(text);
    this.#chars += text.length + ENTRY_CHARS;
    return null;
  }

  #fault(device: string, tags: ReturnType<typeof tagsOf>): Fault {
    const names = tags.map(([name]) => `"${name}"`).join(", ");
    const [what, verb] = tags.length === 1 ? ["values of", "the tag"] : ["value sets of", "a tag"];
    return {
      reason: "too_many_series",
      detail:
        `${this.#max} ${what} ${names} in an hour: a value that changes with every reading belongs in a field, ` +
        `or give ${verb} "x-series": false (device "${device}")`,
    };
  }

  #rotateIfDue(): void {
    const nowMs = this.#clock();
    if (nowMs < this.#untilMs && this.#chars < this.#charsMax) return;
    // After a pause of a whole generation nothing of before counts.
    const isOver = nowMs >= this.#untilMs + GENERATION_MS;
    this.#before = this.#now;
    this.#now = new Map();
    if (isOver) this.#before.clear();
    this.#chars = 0;
    this.#untilMs = nowMs + GENERATION_MS;
  }
}

function setOf(generation: Generation, contract: string, device: string): Set<string> {
  let devices = generation.get(contract);
  if (!devices) generation.set(contract, (devices = new Map<string, Set<string>>()));
  let sets = devices.get(device);
  if (!sets) devices.set(device, (sets = new Set<string>()));
  return sets;
}
