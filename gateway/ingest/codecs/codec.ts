// The port of payload encodings (pure): bytes of a message → a value as JSON has them, or why not.
import type { RejectReason } from "../../../contracts/messages/reject.ts";

export interface Codec {
  /**
   * The value that the bytes stand for, made of null, booleans, finite numbers, strings, arrays and
   * plain objects alone (or, for an element of an array that cannot be read by itself, {@link Undecodable}), and BigInts for whole numbers that a number does not hold exactly; or {@link Undecodable}. Never throws, whatever a device sends.
   */
  decode(payload: Buffer): unknown;
}

/** A class, because decoded values hold whatever a device sends: a look-alike must not pass for one. */
export class Undecodable {
  readonly reason: Extract<RejectReason, "not_json" | "undecodable">;
  readonly detail: string;

  constructor(detail: string, reason: Undecodable["reason"] = "undecodable") {
    this.reason = reason;
    this.detail = detail;
  }
}
