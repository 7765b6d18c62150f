// One publication of a client on its way through the handlers: a PUBLISH, or the client's will.
import type { Message, Recall, Refusal } from "../../ingest/message.ts";
import type { ClientIdentity } from "../broker.ts";
import type { Properties } from "../protocol/properties.ts";
import type { Holder } from "../session/holders.ts";
import type { Peer } from "../session/peer.ts";
import type { Outgoing, Publisher } from "./forward.ts";

export interface Sender {
  readonly identity: Pick<ClientIdentity, "clientId" | "principal" | "device" | "grant">;
  readonly holder: Holder;
}

/** The part of a PUBLISH packet that counts here; a will is put in the same form. */
export interface Published {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup?: boolean;
  readonly messageId?: number | undefined;
  readonly properties?: Properties | undefined;
}

export class Held implements Message, Outgoing, Publisher {
  readonly clientId: string;
  readonly principal: string | undefined;
  readonly device: string | undefined;
  readonly grant: string | undefined;
  readonly holder: Holder;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly traceparent: string | undefined;
  readonly contentType: string | undefined;
  readonly messageId: number | undefined;
  readonly dup: boolean;
  readonly properties: Properties | undefined;
  readonly recall: Recall | undefined;
  settled = false;
  refusal: Refusal | null = null;
  /** It goes to subscribers whether it is refused or not, and is answered once the store has it for those away. */
  relayed = false;
  /** A later connection of its sender, over which it came again. */
  answerTo: Peer | null = null;

  constructor({ identity, holder }: Sender, published: Published, recall?: Recall) {
    const { topic, payload, qos, retain, dup = false, messageId, properties } = published;
    this.clientId = identity.clientId;
    this.principal = identity.principal;
    this.device = identity.device;
    this.grant = identity.grant;
    this.holder = holder;
    this.topic = topic;
    this.payload = typeof payload === "string" ? Buffer.from(payload) : payload;
    this.qos = qos;
    this.retain = retain;
    const trace = properties?.userProperties?.traceparent;
    this.traceparent = Array.isArray(trace) ? trace[0] : trace;
    this.contentType = properties?.contentType;
    this.messageId = messageId;
    this.dup = dup;
    this.properties = properties;
    this.recall = recall;
  }
}
