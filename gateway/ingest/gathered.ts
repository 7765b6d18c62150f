// What is gathered of one message that may hold several readings (pure): those, and rejects, one for each cause.
import { type Admission, type Admitted, MADE_CHARS_MAX, type Refused } from "./admission.ts";

/** All readings of one message that are made here; its elements may repeat what they share. */
const MESSAGE_CHARS_MAX = 1024 * 1024;

/** Refused readings are a message's own, if they are not elements of it. */
type Place = number | null;

export class Gathered {
  readonly #readings: Admitted[] = [];
  readonly #rejects = new Map<string, { refused: Refused; elements: number[] }>();
  #chars = 0;
  #refused = 0;

  /** The reason why no more is made of this message, or null. */
  get tooMuch(): string | null {
    return this.#chars > MESSAGE_CHARS_MAX
      ? `the message makes readings of over ${MESSAGE_CHARS_MAX} characters`
      : null;
  }

  get isEmpty(): boolean {
    return this.#readings.length + this.#rejects.size === 0;
  }

  /** @param at the element's index, or null. */
  add(outcome: Admitted | Refused, at: Place): void {
    if (outcome.kind === "reading") {
      this.#chars += outcome.encoded.length;
      this.#readings.push(outcome);
      return;
    }
    // What was written only to be refused is work as well.
    if (outcome.reason === "too_large") this.#chars += MADE_CHARS_MAX;
    this.#refused += 1;
    const key = `${outcome.mapping ?? ""}\n${outcome.reason}`;
    const known = this.#rejects.get(key);
    if (!known) {
      this.#rejects.set(key, { refused: outcome, elements: at === null ? [] : [at] });
      return;
    }
    if (at !== null) known.elements.push(at);
    known.refused = shared(known.refused, outcome);
  }

  result(): Admission | null {
    const rejects = [...this.#rejects.values()].map(({ refused, elements }) =>
      elements.length === 0
        ? refused
        : {
            ...refused,
            detail:
              elements.length === 1
                ? refused.detail
                : `${refused.detail} (the first of ${elements.length})`,
            elements,
          },
    );
    const readings = this.#readings;
    if (readings.length + rejects.length === 0) return null;
    if (readings.length === 0 && rejects.length === 1) return rejects[0]!;
    if (readings.length === 1 && rejects.length === 0) return readings[0]!;
    return { kind: "several", readings, rejects, refused: this.#refused };
  }
}

/** The first of several of one reason: where they are of several devices it is none of any of them. */
const shared = (first: Refused, other: Refused): Refused => ({
  ...first,
  device: first.device === other.device ? first.device : null,
  contract: first.contract === other.contract ? first.contract : null,
});
