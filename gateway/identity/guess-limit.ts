// How often passwords may be tried (pure: time is handed in).
//
// What is slowed down is guessing, and only chosen passwords can be guessed: generated secrets,
// certificates and passwords known from a moment ago never ask here, so neither a fleet behind one
// NATed address nor a person at work is locked out by a guesser.
//
// G1. A try is counted before it is computed, and taken back if it was right: however many are under
//     way at once, no more are computed than are allowed to fail.
// G2. Ids without a record are counted like all others: the bounds tell nothing about who exists.
// G3. One place cannot spend an account's bound: its own bound for that account ends first. And where
//     an account once logged in, what other places do to the account does not count.
import { DEVICE_ID_BYTES_MAX } from "../../contracts/device.ts";
import { FailureLimit } from "./failure-limit.ts";

/** The bound of one place, whatever ids it tries. */
const PLACE = { burst: 30, perSecond: 1, keysMax: 10_000 };
/** The bound of one place at one account. */
const PAIR = { burst: 10, perSecond: 1 / 60, keysMax: 20_000 };
/** The bound of one account, from all places at which it has not logged in yet. */
const ACCOUNT = { burst: 100, perSecond: 1 / 10, keysMax: 10_000 };
/** Pairs of place and account with a successful login; the one longest ago is forgotten first. */
const FAMILIAR_MAX = 10_000;

/** A try, as the bounds see it: from where, and as whom. */
export interface Guess {
  readonly place: string;
  readonly id: string;
}

export class GuessLimit {
  readonly #places = new FailureLimit(PLACE);
  readonly #pairs = new FailureLimit(PAIR);
  readonly #accounts = new FailureLimit(ACCOUNT);
  readonly #familiar = new Set<string>();

  isPlaceOver(place: string, nowMs: number): boolean {
    return this.#places.isOver(place, nowMs);
  }

  isOver(guess: Guess, nowMs: number): boolean {
    const pair = pairOf(guess);
    return (
      this.#places.isOver(guess.place, nowMs) ||
      this.#pairs.isOver(pair, nowMs) ||
      (!this.#familiar.has(pair) && this.#accounts.isOver(accountOf(guess), nowMs))
    );
  }

  /** G1. False, and nothing is counted, if a bound is reached. */
  reserve(guess: Guess, nowMs: number): boolean {
    if (this.isOver(guess, nowMs)) return false;
    const pair = pairOf(guess);
    this.#places.fail(guess.place, nowMs);
    this.#pairs.fail(pair, nowMs);
    if (!this.#familiar.has(pair)) this.#accounts.fail(accountOf(guess), nowMs);
    return true;
  }

  /** A reserved try was right. */
  succeed(guess: Guess, nowMs: number): void {
    const pair = pairOf(guess);
    this.#places.refund(guess.place, nowMs);
    this.#pairs.refund(pair, nowMs);
    if (!this.#familiar.has(pair)) this.#accounts.refund(accountOf(guess), nowMs);
    this.#familiar.delete(pair);
    const [oldest] = this.#familiar;
    if (this.#familiar.size >= FAMILIAR_MAX) this.#familiar.delete(oldest!);
    this.#familiar.add(pair);
  }

  /** A failure that was no guess: no password, or a certificate of nobody. */
  fail(place: string, nowMs: number): void {
    this.#places.fail(place, nowMs);
  }
}

/** User names that no record can have are one account: they take no room. */
const accountOf = ({ id }: Guess): string => (id.length > DEVICE_ID_BYTES_MAX ? "" : id);
const pairOf = (guess: Guess): string => `${guess.place} ${accountOf(guess)}`;
