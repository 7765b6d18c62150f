// Cuts what a nats-server writes over a leaf connection into its messages, so that they can be put in another order.
//
// A message is a line, and for LMSG and HMSG a payload of as many bytes as the line's last number says, and CR LF.
// What is not of that form (a leaf connection in TLS, or compressed by the servers themselves) is passed on as it is
// from there on: as pieces without a subject.
// Source: nats-server, server/leafnode.go and server/parser.go; docs.nats.io, "NATS Client Protocol".

/** A message of the protocol, or a piece of a stream that is none. */
export interface LeafMessage {
  readonly bytes: Buffer;
  /** Null for what is no message of somebody: PING, subscriptions, what cannot be read. */
  readonly subject: string | null;
}

/** nats-server itself takes no longer line (MAX_CONTROL_LINE_SIZE is 4,096; an INFO is longer). */
const LINE_BYTES_MAX = 64 * 1024;
/** Nothing in an installation is larger; a number past it is not one of this protocol. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
const CRLF = Buffer.from("\r\n", "latin1");
const VERB = /^(?:INFO|CONNECT|PING|PONG|\+OK|-ERR|LS[+-]|LMSG|HMSG)(?:[ \t]|$)/i;

export class LeafMessages {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes that the message at the head of the rest is known to have; 0: its line is not whole yet. */
  #needed = 0;
  #subject: string | null = null;
  #isUnreadable = false;

  /** True once something came that is no message: nothing is cut any more. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /** Adds what came, and returns the messages that are whole by it. */
  take(chunk: Buffer): LeafMessage[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const messages: LeafMessage[] = [];
    let at = 0;
    while (at < bytes.length && !this.#isUnreadable) {
      if (this.#needed === 0) this.#readLine(bytes, at);
      if (this.#needed === 0 || bytes.length - at < this.#needed) break;
      const end = at + this.#needed;
      messages.push({ bytes: bytes.subarray(at, end), subject: this.#subject });
      at = end;
      this.#needed = 0;
    }
    const rest = bytes.subarray(at);
    this.#rest = this.#isUnreadable ? Buffer.alloc(0) : rest;
    if (this.#isUnreadable && rest.length > 0) messages.push({ bytes: rest, subject: null });
    return messages;
  }

  #readLine(bytes: Buffer, at: number): void {
    const end = bytes.indexOf(CRLF, at);
    if (end < 0) {
      this.#isUnreadable = bytes.length - at > LINE_BYTES_MAX;
      return;
    }
    const line = bytes.toString("latin1", at, end);
    const length = end + CRLF.length - at;
    const payload = VERB.test(line) ? payloadOf(line) : null;
    if (payload === null) this.#isUnreadable = true;
    else {
      this.#needed = length + payload.bytes;
      this.#subject = payload.subject;
    }
  }
}

/** Null if the line announces a payload that cannot be. */
function payloadOf(
  line: string,
): { readonly bytes: number; readonly subject: string | null } | null {
  if (!/^[LH]MSG\s/i.test(line)) return { bytes: 0, subject: null };
  const words = line.trimEnd().split(/[ \t]+/);
  const [, subject] = words;
  const size = words.at(-1) ?? "";
  const isSize = words.length >= 3 && /^\d{1,9}$/.test(size) && Number(size) <= PAYLOAD_BYTES_MAX;
  if (subject === undefined || !isSize) return null;
  return { bytes: Number(size) + CRLF.length, subject };
}
