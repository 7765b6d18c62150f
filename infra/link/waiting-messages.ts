// What waits for its turn on a WAN that takes only so much: alerts and commands first, live values next, the logs last.
//
// Q1. Messages of one subject leave in the order in which they came; nothing else of a leaf connection depends on an
//     order: mirrors have a subject each for what they are sent.
// Q2. What has no subject of its own (subscriptions, PING) goes first: a nats-server ends a connection on which nobody
//     answers.
import type { LeafMessage } from "./leaf-messages.ts";

/** Turns, the most urgent first. */
export const TURNS = ["first", "live", "last"] as const;
export type Turn = (typeof TURNS)[number];

/** Deliveries of mirrors of what regions log, and pieces of whole streams: `dlv.{into}.{stream}.…`. */
const LOGS = /^dlv\.[^.]+\.(?:TELEMETRY|REJECTS|SETASIDE|DEADLETTERS)_|^(?:snapshot|restore)\./;

/** The turn of a message, by its subject. */
export function turnOf(subject: string | null): Turn {
  if (subject === null) return "first";
  if (LOGS.test(subject)) return "last";
  return subject.startsWith("live.") ? "live" : "first";
}

export class WaitingMessages {
  readonly #queues: Record<Turn, Buffer[]> = { first: [], live: [], last: [] };
  readonly bytes: Record<Turn, number> = { first: 0, live: 0, last: 0 };

  get total(): number {
    return this.bytes.first + this.bytes.live + this.bytes.last;
  }

  add({ bytes, subject }: LeafMessage): void {
    const turn = turnOf(subject);
    this.#queues[turn].push(bytes);
    this.bytes[turn] += bytes.length;
  }

  /** Takes whole messages of one turn, the best that waits: one, and more while they are within `bytesMax`. */
  take(bytesMax: number): Buffer {
    const turn = TURNS.find((one) => this.#queues[one].length > 0);
    if (!turn) return Buffer.alloc(0);
    const queue = this.#queues[turn];
    let [count, length] = [0, 0];
    while (count < queue.length && (count === 0 || length + queue[count]!.length <= bytesMax))
      length += queue[count++]!.length;
    this.bytes[turn] -= length;
    return Buffer.concat(queue.splice(0, count), length);
  }
}
