// Answers of devices to commands, stored before their PUBACK (P1).
//
// L1. A reply is settled only after it is stored; while the store refuses it is never settled, and the
//     device sends it again.
// L2. A re-send within the stream's duplicate window is stored once: the message id is a hash of
//     device, id and payload.
// L3. Replies to one command are stored in the order they came, also when storing takes several tries:
//     the last one is what its device says now.
// L4. A reply that no stream would ever take is set aside, and settled then.
import { createHash } from "node:crypto";
import { type Reply, commandIdProblem } from "../../contracts/messages/command.ts";
import { deviceIdProblem } from "../../contracts/device.ts";
import { repliesStream, replyFilter } from "../../contracts/names/subjects.ts";
import { type CommandAddress, parseReplyTopic } from "../../contracts/names/topics.ts";
import {
  type Publisher,
  type StreamMessage,
  publishUntilStored,
} from "../../platform/nats/client/publish.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { isOfRecord } from "../../platform/runtime/errors.ts";
import type { Message, Settle } from "../ingest/message.ts";

export interface ReplyLogParts {
  readonly publisher: Publisher;
  readonly region: string;
  readonly setAside: Pick<SettingAside, "put">;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
  /** Called before the reply is settled: who is told that it is stored finds the command closed. */
  readonly onStored: (address: CommandAddress) => void;
}

export class ReplyLog {
  readonly #parts: ReplyLogParts;
  /** L3. The last reply on its way, by subject; as many as transports hold messages. */
  readonly #last = new Map<string, Promise<void>>();
  #stored = 0;

  constructor(parts: ReplyLogParts) {
    this.#parts = parts;
  }

  /** Replies stored, and so acknowledged, since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** Stores and settles a message that is a reply; false if it is something else. */
  take({ topic, payload }: Pick<Message, "topic" | "payload">, settle: Settle): boolean {
    const address = parseReplyTopic(topic);
    if (!address || !fits(address)) return false;
    const { region, clock, signal, onStored } = this.#parts;
    const reply: Reply = {
      ...address,
      region,
      receivedAtMs: clock(),
      payload: payload.toString("base64"),
    };
    const message = {
      subject: replyFilter({ region, ...address }),
      data: Buffer.from(JSON.stringify(reply)),
      messageId: messageIdOf(reply),
    };
    const before = this.#last.get(message.subject) ?? Promise.resolve();
    const storing = before.then(() => this.#store(message, signal));
    this.#last.set(message.subject, storing);
    storing.then(
      () => {
        if (this.#last.get(message.subject) === storing) this.#last.delete(message.subject);
        this.#stored += 1;
        onStored(address);
        settle(null);
      },
      (error: unknown) => {
        // Stopping: not settled, so the device sends it again (L1).
        if (!signal.aborted) throw error;
      },
    );
    return true;
  }

  /** Resolves once the reply is stored, or kept as one that never could be (L4). */
  async #store(message: StreamMessage, signal: AbortSignal): Promise<void> {
    const { publisher, region, setAside } = this.#parts;
    try {
      await publishUntilStored(publisher, message, signal);
    } catch (error) {
      if (signal.aborted || !isOfRecord(error)) throw error;
      const { subject, data, messageId } = message;
      const place = { stream: repliesStream(region), subject, part: messageId };
      await setAside.put({ kind: "reply", reason: "refused", why: error, place, data });
    }
  }
}

/** False for names that no command has. */
const fits = ({ device, id }: CommandAddress): boolean =>
  deviceIdProblem(device) === null && commandIdProblem(id) === null;

/** L2. */
export const messageIdOf = ({ device, id, payload }: Reply): string =>
  createHash("sha256")
    .update(JSON.stringify([device, id, payload]))
    .digest("hex");
