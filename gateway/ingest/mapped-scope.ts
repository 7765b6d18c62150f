// The surroundings of a value (pure): its message, the elements that hold it, and what stands for names.
import type { Of } from "../../contracts/mapping-format.ts";

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

/** The message, or an element of it. */
export interface Scope {
  readonly value: unknown;
  /** Place of the element in its array; -1 without one. */
  readonly index: number;
}

export interface Surroundings {
  /** The message, then the elements that the pointers of `each` have come to. */
  readonly scopes: readonly [Scope, ...Scope[]];
  /** Text that stands for a name of the topic, of a key, or of `names`; undefined if nothing does. */
  readonly named: (name: string) => string | undefined | Misfit;
  /** Undefined if nobody has said it. */
  readonly clientId: string | undefined;
  /** The cost of this message's expressions so far. */
  readonly work: Work;
}

/** Characters that all expressions of one message are given, each evaluation counting as 32 more. */
export const EXPRESSION_CHARS_MAX = 512 * 1024;

/** The cost of an expression beside its inputs. */
const EVALUATION_CHARS = 32;

export class Work {
  #chars = 0;

  /** False if that is more than a message may cost. */
  add(chars: number): boolean {
    this.#chars += chars + EVALUATION_CHARS;
    return this.#chars <= EXPRESSION_CHARS_MAX;
  }
}

/** The scope that a pointer starts in. */
export function scopeAt({ scopes }: Pick<Surroundings, "scopes">, of: Of | undefined): Scope {
  if (of === "message") return scopes[0];
  return (typeof of === "number" ? scopes[of] : undefined) ?? scopes[scopes.length - 1]!;
}

/** Place of the innermost element in its array; -1 without one. */
export const indexIn = ({ scopes }: Pick<Surroundings, "scopes">): number =>
  scopes[scopes.length - 1]!.index;
