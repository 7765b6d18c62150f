// The alerts that this notifier tells: the live content of bucket `notifiers`.
//
// A1. An alert of a region belongs to one place (contracts/messages/notification.ts). What belongs to the other
//     is passed over; what may still be assigned to this one is held, never passed over.
// A2. While a move is being made, nothing new is read: the place that is relieved must not tell alerts
//     after the sequence at which it will turn out to have been relieved.
import {
  type Assignment,
  type NotifierPlace,
  UNASSIGNED,
} from "../../contracts/messages/notification.ts";
import { ownerOf, parseAssignment } from "../../contracts/messages/notification.ts";
import { NOTIFIERS_BUCKET } from "../../contracts/names/subjects.ts";
import {
  type BucketEntry,
  type BucketToFollow,
  followBucket,
} from "../../platform/nats/client/follow-bucket.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { Waker } from "./waker.ts";

/** A move that was never finished is no move: after this, everything goes on as before. */
const MOVING_MAX_MS = 30_000;

export type Verdict = "tell" | "pass" | "hold";

export class Assignments {
  readonly #place: NotifierPlace;
  readonly #logger: Logger;
  readonly #byRegion = new Map<string, { assignment: Assignment; seenMs: number }>();
  readonly #changed = new Waker();
  #version = 0;

  constructor(place: NotifierPlace, logger: Logger) {
    this.#place = place;
    this.#logger = logger;
  }

  /** Resolves once everything that the bucket holds now is known; then goes on following it. */
  follow(of: Omit<BucketToFollow, "bucket">, signal: AbortSignal): Promise<void> {
    return followBucket(
      { ...of, bucket: NOTIFIERS_BUCKET },
      (entry) => this.apply(entry, performance.now()),
      signal,
    );
  }

  /** @returns what is wrong with the entry, or null. */
  apply({ subject, data }: BucketEntry, nowMs: number): string | null {
    const region = subject.split(".").at(-1) ?? "";
    const text = Buffer.from(data).toString("utf8");
    const assignment = text === "" ? UNASSIGNED : parseAssignment(text);
    if (!assignment) {
      this.#logger.warn({ region, text }, "this is no assignment, ignored");
      return "it is no assignment, or one of a newer program: then upgrade this one";
    }
    this.#byRegion.set(region, { assignment, seenMs: nowMs });
    this.#logger.info({ region, ...assignment }, "assignment");
    this.#version += 1;
    this.#changed.wake();
    return null;
  }

  /** Another one after every change. */
  get version(): number {
    return this.#version;
  }

  verdict(region: string, seq: number, nowMs: number): Verdict {
    const { assignment, seenMs } = this.#byRegion.get(region) ?? NEVER_SEEN;
    const { at, sinceSeq, moving } = assignment;
    if (seq > sinceSeq) {
      if (at !== this.#place) return "hold"; // A1
      if (moving && nowMs - seenMs < MOVING_MAX_MS) return "hold"; // A2
    }
    return ownerOf(assignment, seq) === this.#place ? "tell" : "pass";
  }

  /** Resolves when `verdict` may have become another one than it was at `version`. */
  async changed(version: number, signal: AbortSignal): Promise<void> {
    if (version === this.#version) await this.#changed.wait(signal, MOVING_MAX_MS);
  }
}

const NEVER_SEEN = { assignment: UNASSIGNED, seenMs: 0 };
