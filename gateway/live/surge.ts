// A sender of whom a gateway suddenly gets most of what it gets, and several times as much as before (pure: time is
// handed in). What one device may publish is bounded elsewhere; this says who it is while everything is still taken.
//
// U1. What is usual is learnt: a load that lasts becomes the usual one within an hour.
// U2. Bounded: SENDERS_MAX senders in one window; of further ones only the sum counts.
import type { Surge } from "../../contracts/messages/status.ts";

export const WINDOW_MS = 5_000;
/** Windows from which on it is known what is usual: a minute. */
export const LEARNT_AFTER = 12;
/** Weight of one window: five minutes are remembered, and an hour while much more comes than that (U1). */
const WEIGHT = 1 / 60;
const WEIGHT_IN_SURGE = 1 / 720;
const SENDERS_MAX = 20_000;
/** Times what is usual, share of all, and messages a second that it takes to be one. */
const TIMES_MIN = 4;
const SHARE_MIN = 0.5;
const PER_SECOND_MIN = 100;

export class SurgeWatch {
  #senders = new Map<string, number>();
  #all = 0;
  #sinceMs: number;
  #usualPerSecond = 0;
  #windows = 0;
  #now: Surge | null = null;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  get now(): Surge | null {
    return this.#now;
  }

  add(sender: string, messages: number): void {
    this.#all += messages;
    const known = this.#senders.get(sender);
    if (known === undefined && this.#senders.size >= SENDERS_MAX) return; // U2
    this.#senders.set(sender, (known ?? 0) + messages);
  }

  /** Looks at what was added, if a window is over; once a second is often enough. */
  look(nowMs: number): void {
    const seconds = (nowMs - this.#sinceMs) / 1_000;
    if (seconds * 1_000 < WINDOW_MS) return;
    const perSecond = this.#all / seconds;
    this.#now = this.#windows < LEARNT_AFTER ? null : this.#surge(perSecond);
    this.#windows += 1;
    const weight = this.#now ? WEIGHT_IN_SURGE : Math.max(WEIGHT, 1 / this.#windows);
    this.#usualPerSecond += weight * (perSecond - this.#usualPerSecond);
    this.#senders = new Map();
    this.#all = 0;
    this.#sinceMs = nowMs;
  }

  #surge(perSecond: number): Surge | null {
    const times = perSecond / Math.max(1, this.#usualPerSecond);
    if (perSecond < PER_SECOND_MIN || times < TIMES_MIN) return null;
    let [sender, most] = ["", 0];
    for (const [one, messages] of this.#senders)
      if (messages > most) [sender, most] = [one, messages];
    const share = most / this.#all;
    return share < SHARE_MIN
      ? null
      : { sender, perSecond: Math.round(perSecond * share), times, share };
  }
}

/** The sender of a message: the device of `devices/{id}/…`, else the one that a mapping found, else the topic. */
export function senderOf({ topic, device }: { topic: string; device: string | null }): string {
  const [first, second] = topic.split("/", 2);
  return first === "devices" && second !== undefined ? second : (device ?? topic);
}
