// What strangers send, and what has to become of it.
import type { RejectReason } from "../../../contracts/messages/reject.ts";
import type { Region } from "../../../infra/local/places.ts";

export type Values = Readonly<Record<string, number | string>>;

/** The fate of one reading of a publication. */
export type Fate = ReadingFate | RejectFate;

export interface ReadingFate {
  readonly becomes: "reading";
  readonly device: string;
  readonly contract: string;
  /** Event time, epoch ms; null for the time of arrival. */
  readonly ms: number | null;
  /** Everything that its point holds. */
  readonly values: Values;
  /**
   * `content`: equal ones are one reading. `place`: each is one. `memory`: an old one again, which is none,
   * unless the gateway has forgotten it by a restart.
   */
  readonly by: "content" | "place" | "memory";
}

export interface RejectFate {
  readonly becomes: "reject";
  /** The device that the reject is kept for. */
  readonly device: string;
  readonly reason: RejectReason;
}

/** One publication. */
export interface Sent {
  readonly region: Region;
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly fates: readonly Fate[];
  /** How often it went out: after a lost PUBACK it goes out again. */
  attempts: number;
  /** The reason code of its PUBACK. */
  answer: number | null;
}
