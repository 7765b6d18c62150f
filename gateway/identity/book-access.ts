// What records allow, as the pipeline and the broker ask it (pure: the book is handed in).
//
// R1. Where a client may publish follows from its topic; for which devices, from speech.ts, once it is known of
//     which devices the readings are. An answer to a command names its device in the topic.
// R2. What a connection was last allowed is remembered with it, until a record changes.
import { parseReplyTopic } from "../../contracts/names/topics.ts";
import type { SpeechRights } from "../ingest/admission.ts";
import type { Message, Refusal, Sender } from "../ingest/message.ts";
import { anonymousMayPublish, ownerOfClientId } from "./access.ts";
import type { DeviceBook } from "./device-book.ts";

/** A message as far as it matters for where it may be published. */
type Publication = Sender & Pick<Message, "topic" | "recall">;

export interface Access extends SpeechRights {
  /** Null if its sender may publish there; asked for wills too. */
  authorizePublish(message: Publication): Refusal | null;
  authorizeSubscribe(client: Pick<Message, "principal">, topicFilter: string): boolean;
  /** The record is that of a bridge. */
  isBridge(principal: string): boolean;
}

export function accessOf(book: DeviceBook, anonymousAllowed: boolean): Access {
  const isRegistered = (id: string): boolean => book.has(id);
  const mayPublish = ({ principal, clientId, topic }: Publication): boolean => {
    if (principal !== undefined) return book.active(principal)?.rights.publish(topic) ?? false;
    // Anonymous, or a stored will after a restart: the client id says whose.
    const owner = ownerOfClientId(clientId);
    if (book.has(owner)) return book.active(owner)?.rights.publish(topic) ?? false;
    return anonymousAllowed && anonymousMayPublish(topic, isRegistered);
  };
  const speechProblem = ({ principal, clientId }: Sender, device: string): string | null => {
    if (principal === undefined) {
      // V3. A reject that names no record may be one of the device itself, from an earlier version.
      if (!book.has(device) || ownerOfClientId(clientId) === device) return null;
      return `an anonymous client may not speak for "${device}": it is registered; log in as it, or as a bridge that names it`;
    }
    const speech = book.active(principal)?.speech;
    if (speech?.speaksFor(device, isRegistered)) return null;
    const why = speech?.otherwise ?? "it has no record that lets it in";
    return `"${principal}" may not speak for "${device}": ${why}`;
  };
  const publishProblem = (message: Publication): string | null => {
    const { principal, topic } = message;
    if (!mayPublish(message))
      return `${principal ?? "an anonymous client"} may not publish to ${topic}`;
    const answered = topic.endsWith("/reply") ? parseReplyTopic(topic) : null;
    return answered && speechProblem(message, answered.device); // R1
  };
  return {
    authorizePublish: (message) => {
      const { recall, topic } = message;
      const { revision } = book;
      if (recall?.allowedAsOf === revision && recall.allowed === topic) return null; // R2
      const problem = publishProblem(message);
      if (problem !== null)
        return { reason: "not_authorized", detail: `not_authorized: ${problem}` };
      if (recall) {
        recall.allowed = topic;
        recall.allowedAsOf = revision;
      }
      return null;
    },
    speechProblem,
    authorizeSubscribe: ({ principal }, topicFilter) =>
      principal === undefined
        ? anonymousAllowed
        : (book.active(principal)?.rights.subscribe(topicFilter) ?? false),
    isBridge: (principal) => book.active(principal)?.device.role === "bridge",
  };
}
