// The bounds on the series that a device opens by its tags, and by a partition key of its payload: each is in
// the index of the store for good, and most have an open window at the hub, so that one device with a changing
// tag could fill both. A tag with `x-series` false is a tag in the store as well.
//
// L1. A device may have named at most `max` tag sets of one contract. One that it names again stays known
//     for at least an hour, and is forgotten after two: what nobody names is gone with its generation.
// L2. What is remembered is bounded by CHARS_MAX. Past it the generation ends early: then more is let
//     through, never less. A restart forgets everything.
// L3. Contracts without such tags cost one look at a length.
// L4. How fast a device adds series is bounded as well (series-growth.ts): some each hour make many in a week.
import { type SeriesTags, seriesText, tagsOf } from "../../contracts/messages/series.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { SeriesGrowth } from "./series-growth.ts";
import type { Fault } from "./time-fault.ts";

/** Default of `max`. */
export const DEVICE_SERIES_MAX = 1_000;
/** Default of `perHour`. */
export const DEVICE_SERIES_PER_HOUR = 100;

const GENERATION_MS = 3_600_000;
/** Characters of one generation; both together are some 100 MB. */
const CHARS_MAX = 16 * 1024 * 1024;
/** The memory of an entry besides its text. */
const ENTRY_CHARS = 50;

/** Contract → device → tag sets. */
type Generation = Map<string, Map<string, Set<string>>>;

export interface SeriesBounds {
  /** Sets of tags that a device may name of one contract within an hour, and add at once. */
  readonly max: number;
  /** Sets of tags that it may add in an hour after that. */
  readonly perHour: number;
}

export class SeriesLimit {
  /** Readings refused, by the bound that refused them. */
  readonly refused = { in_an_hour: 0, new: 0 };
  readonly #bounds: SeriesBounds;
  readonly #growth: SeriesGrowth;
  /** Names of the tags and keys in the store, by contract. */
  readonly #properties = new WeakMap<Contract, readonly string[]>();
  readonly #clock: () => number;
  readonly #charsMax: number;
  #now: Generation = new Map();
  /** Names of the generation before that are not named in this one. */
  #before: Generation = new Map();
  #chars = 0;
  #untilMs: number;

  /** @param clock in ms, from anywhere. */
  constructor(bounds: SeriesBounds, clock: () => number, charsMax = CHARS_MAX) {
    this.#bounds = bounds;
    this.#growth = new SeriesGrowth({ burst: bounds.max, perHour: bounds.perHour }, clock());
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
    const { name } = contract;
    const properties = this.#propertiesOf(contract);
    if (properties.length === 0) return null; // L3
    const tags = tagsOf(payload, properties);
    const text = tags.length === 0 ? "" : seriesText("", tags);
    this.#rotateIfDue();
    const known = setOf(this.#now, name, device);
    if (known.has(text)) return null;
    const before = this.#before.get(name)?.get(device);
    const again = before?.delete(text) === true;
    if (!again && known.size + (before?.size ?? 0) >= this.#bounds.max)
      return this.#fault("in_an_hour", device, tags);
    // Also of one that is known: it is remembered for another day.
    const isAdmitted = this.#growth.admits(`${name}\n${device}`, text, this.#clock());
    if (!again && !isAdmitted) return this.#fault("new", device, tags); // L4
    known.add(text);
    this.#chars += text.length + ENTRY_CHARS;
    return null;
  }

  #fault(why: keyof SeriesLimit["refused"], device: string, tags: SeriesTags): Fault {
    this.refused[why]++;
    const { max, perHour } = this.#bounds;
    const names = tags.map(([name]) => `"${name}"`).join(", ");
    const what = `${tags.length === 1 ? "values" : "value sets"} of ${names}`;
    const much =
      why === "new" ? `${max} new ${what}, and ${perHour} each hour` : `${max} ${what} in an hour`;
    return {
      reason: "too_many_series",
      detail: `${much}: a value that changes with every reading belongs in a field, not in a tag (device "${device}")`,
    };
  }

  #propertiesOf(contract: Contract): readonly string[] {
    const known = this.#properties.get(contract);
    if (known) return known;
    const { tags, partitionKey } = contract;
    const names = new Set(partitionKey === "device" ? tags : [...tags, partitionKey]);
    const properties = [...names].sort();
    this.#properties.set(contract, properties);
    return properties;
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
