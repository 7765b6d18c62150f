// What records allow, as the pipeline and the broker ask it (pure: the book is handed in).
//
// R1. Where a client may publish follows from its topic; for which devices, from speech.ts, once it is known of
//     which devices the readings are. An answer to a command names its device in the topic.
// R2. Whatever was logged in, or left behind, under other rights than those of now may say and hear nothing more.
// R3. What a connection was last allowed is remembered with it, until a record changes.
import { isOfLog, parseReplyTopic } from "../../contracts/names/topics.ts";
import type { SpeechRights } from "../ingest/admission.ts";
import type { Message, Refusal, Sender } from "../ingest/message.ts";
import { type Hearing, anonymousMayPublish, covers, ownerOfClientId } from "./access.ts";
import { ANONYMOUS_GRANT, type DeviceBook, type Known } from "./device-book.ts";
import type { Owner } from "./login.ts";

/** A message as far as it matters for where it may be published. */
type Publication = Client & Pick<Message, "topic" | "recall">;

/** A client as far as its rights go. */
type Client = Pick<Message, "clientId" | "principal" | "grant">;

export interface Access extends SpeechRights {
  /** Null if its sender may publish there; asked for wills too. */
  authorizePublish(message: Publication): Refusal | null;
  authorizeSubscribe(client: Client, topicFilter: string): Hearing;
  /**
   * Whose something is that a client has left, a session or a will, or null if it is nobody's any more (R2).
   * @param left whose it was; null if an earlier version did not note it: then it is theirs who have the client id now.
   */
  ownerOf(clientId: string, left: Owner | null): Owner | null;
  /** The record is that of a bridge. */
  isBridge(principal: string): boolean;
}

/**
 * @param heard filters of what clients without a record may subscribe to; `#` is everything.
 * @param readLog they may read the region's log as well.
 */
export function accessOf(
  book: DeviceBook,
  anonymousAllowed: boolean,
  { heard = ["#"], readLog = false }: { heard?: readonly string[]; readLog?: boolean } = {},
): Access {
  const mayHear = (filter: string): boolean =>
    isOfLog(filter) ? readLog : heard.includes("#") || heard.some((one) => covers(one, filter));
  const isRegistered = (id: string): boolean => book.has(id);
  /** The record as it is now, unless the client logged in under other rights (R2). */
  const knownOf = ({ principal = "", grant }: Client): Known | null => {
    const known = book.active(principal);
    return known !== null && (grant === undefined || known.grant === grant) ? known : null;
  };
  const isAnonymous = ({ clientId }: Client): boolean =>
    anonymousAllowed && !book.has(ownerOfClientId(clientId));
  const mayPublish = (message: Publication): boolean =>
    message.principal === undefined
      ? isAnonymous(message) && anonymousMayPublish(message.topic, isRegistered)
      : (knownOf(message)?.rights.publish(message.topic) ?? false);
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
    if (!mayPublish(message)) {
      const who = principal ?? "an anonymous client";
      const isOld = principal !== undefined && book.active(principal) && !knownOf(message);
      return isOld
        ? `${who} has other rights now than those it logged in with; log in again`
        : `${who} may not publish to ${topic}`;
    }
    const answered = topic.endsWith("/reply") ? parseReplyTopic(topic) : null;
    return answered && speechProblem(message, answered.device); // R1
  };
  return {
    authorizePublish: (message) => {
      const { recall, topic } = message;
      const { revision } = book;
      if (recall?.allowedAsOf === revision && recall.allowed === topic) return null; // R3
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
    isRegistered,
    authorizeSubscribe: (client, topicFilter) =>
      client.principal === undefined
        ? isAnonymous(client) && mayHear(topicFilter)
        : (knownOf(client)?.rights.subscribe(topicFilter) ?? false),
    ownerOf: (clientId, left) => {
      const principal = left === null ? ownerOfClientId(clientId) : left.principal;
      const grant = principal === undefined ? undefined : book.active(principal)?.grant;
      if (left === null && grant !== undefined) return { principal, grant };
      if (left !== null && left.principal !== undefined)
        return grant !== undefined && left.grant === grant ? left : null;
      const anonymous = { principal: undefined, grant: ANONYMOUS_GRANT };
      return isAnonymous({ clientId }) ? anonymous : null;
    },
    isBridge: (principal) => book.active(principal)?.device.role === "bridge",
  };
}
