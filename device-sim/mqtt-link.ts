// One device's connection to its gateway: QoS 1, MQTT 5 unless it is told otherwise.
//
// D1. A publication is answered once, and only by a PUBACK.
// D2. After a reconnect everything unanswered is sent again, in order, with DUP set, before anything
//     newer.
// D3. At most `bufferMax` publications are unanswered; of these, no more are on the wire than the
//     gateway's Receive Maximum allows [MQTT-3.3.4-7].
// D4. It reconnects for ever, after at most a second.
//
// The unanswered publications are kept here and each connection gets a new mqtt.js client. With its
// own store and reconnect, mqtt.js 5.16 (build/lib/client.js) re-sends one publish per round trip and
// without DUP (`startStreamProcess`), calls those made meanwhile back with "Connection closed" if the
// connection is lost again (`_flushStoreProcessingQueue`), and ignores the Receive Maximum.
import type { Socket } from "node:net";
import { type MqttClient, connect } from "mqtt";
import { Backoff, sleep } from "../platform/runtime/backoff.ts";

export interface Publication {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain?: boolean;
  /** Media type of the payload, which MQTT 5 tells. */
  readonly contentType?: string;
  /** Goes into the MQTT 5 user property `traceparent`. */
  readonly traceparent: string | null;
  /** Called with the reason code of the PUBACK; 0x80 and above mean refused (MQTT 5, 3.4.2.1). */
  answered(reasonCode: number): void;
  /** Called each time that it is sent; the gateway may have it from then on, answered or not. */
  sent?(): void;
}

/** The members of a device's connection that the fleet needs. */
export interface Link {
  readonly connected: boolean;
  /** True from the first CONNACK on. */
  readonly connectedOnce: boolean;
  readonly unanswered: number;
  /** True while no publication is taken. */
  readonly full: boolean;
  open(): void;
  /** Takes a publication while not `full`; sends it now, or once connected. */
  publish(publication: Publication): void;
  /** Disconnects; what is unanswered stays so. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly url: string;
  readonly clientId: string;
  readonly bufferMax: number;
  readonly protocolVersion?: 4 | 5;
  /** True with MQTT 3.1.1 to say in its CONNECT that it is a bridge, as Mosquitto does. */
  readonly bridge?: boolean;
  /** Bounds of the wait before it connects again. */
  readonly reconnect?: { readonly baseMs: number; readonly maxMs: number };
  /** Called after each CONNACK, once what is unanswered is on its way again. */
  readonly onConnected?: () => void;
  /** The reason for which a connection was lost or refused; for the log. */
  readonly onLost?: (reason: string) => void;
}

export const REFUSED_FROM = 0x80;
const RECEIVE_MAXIMUM_DEFAULT = 65_535;
const RECONNECT = { baseMs: 100, maxMs: 1_000 };
const CONNECT_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** One unanswered publication. */
interface Pending {
  readonly publication: Publication;
  sentBefore: boolean;
}

export class MqttLink implements Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  /** Publishes without an answer, in the order of `publish`. */
  readonly #unanswered = new Set<Pending>();
  /** Those of them that this connection has not sent yet. */
  #unsent: Pending[] = [];
  #windowMax = 0;
  #client: MqttClient | null = null;
  #online = false;
  #connectedOnce = false;
  #closing = false;
  #lastError = "";
  #retry: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.reconnect ?? RECONNECT);
  }

  get connected(): boolean {
    return this.#online;
  }

  get connectedOnce(): boolean {
    return this.#connectedOnce;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  get full(): boolean {
    return this.#unanswered.size >= this.#options.bufferMax; // D3
  }

  open(): void {
    const { protocolVersion = 5, bridge = false } = this.#options;
    const client = connect(this.#options.url, {
      protocolVersion,
      ...(bridge ? { bridgeMode: true } : {}),
      clientId: this.#options.clientId,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    this.#client = client;
    // Otherwise a publish waits for the gateway's delayed TCP acknowledgement of the one before.
    (client.stream as Partial<Socket>).setNoDelay?.(true);
    client.on("connect", ({ properties }) => {
      this.#online = true;
      this.#connectedOnce = true;
      this.#backoff.reset();
      this.#windowMax = properties?.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT;
      this.#unsent = [...this.#unanswered]; // D2
      this.#sendUnsent();
      this.#options.onConnected?.();
    });
    client.on("error", ({ message }) => {
      this.#lastError = message;
      client.stream.destroy();
    });
    client.on("close", () => this.#lost(client));
  }

  publish(publication: Publication): void {
    if (this.full) throw new RangeError(`${this.#options.clientId}: the buffer is full`);
    const pending = { publication, sentBefore: false };
    this.#unanswered.add(pending);
    if (!this.#online) return;
    this.#unsent.push(pending);
    this.#sendUnsent();
  }

  /** Loses the connection, without a word to the gateway; it is made again. */
  drop(): void {
    this.#client?.stream.destroy();
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    if (!client) return;
    if (this.#online && this.#unanswered.size === 0)
      await Promise.race([client.endAsync(), sleep(CLOSE_TIMEOUT_MS)]);
    client.stream.destroy();
  }

  #sendUnsent(): void {
    while (this.#unsent.length > 0) {
      if (this.#unanswered.size - this.#unsent.length >= this.#windowMax) return; // D3
      this.#send(this.#unsent.shift()!);
    }
  }

  #send(pending: Pending): void {
    const client = this.#client!;
    const { topic, payload, traceparent, contentType, retain = false } = pending.publication;
    const dup = pending.sentBefore;
    pending.sentBefore = true;
    pending.publication.sent?.();
    const properties = {
      ...(traceparent === null ? {} : { userProperties: { traceparent } }),
      ...(contentType === undefined ? {} : { contentType }),
    };
    client.publish(topic, payload, { qos: 1, dup, retain, properties }, (error) => {
      const reasonCode = error ? reasonCodeOf(error) : 0;
      // Without a reason code the connection was lost: the publication stays unanswered (D1, D2).
      if (reasonCode === null || client !== this.#client) return;
      if (!this.#unanswered.delete(pending)) return;
      this.#sendUnsent();
      pending.publication.answered(reasonCode);
    });
  }

  #lost(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#client = null;
    this.#online = false;
    this.#unsent = [];
    if (this.#closing) return;
    this.#options.onLost?.(this.#lastError || "closed by the gateway");
    this.#lastError = "";
    this.#retry = setTimeout(() => this.open(), this.#backoff.next()); // D4
  }
}

const reasonCodeOf = (error: Error): number | null =>
  "code" in error && typeof error.code === "number" ? error.code : null;
