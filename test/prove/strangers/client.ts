// A stranger's connection, which writes down what it sends and what it hears.
import { MqttLink } from "../../../device-sim/mqtt-link.ts";
import type { Region } from "../../../infra/local/places.ts";
import type { Fate, Sent } from "./sent.ts";

export interface ClientSpec {
  readonly region: Region;
  readonly id: string;
  /** MQTT 3.1.1, with the bit of a Mosquitto bridge in its CONNECT. */
  readonly bridge?: boolean;
  readonly reconnect?: { readonly baseMs: number; readonly maxMs: number };
  readonly onConnected?: () => void;
}

export interface Publication {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain?: boolean;
  readonly contentType?: string;
  readonly fates: readonly Fate[];
}

/** A stranger that is offline for the longest outage, at its rate, has room for what it makes. */
const BUFFER_MAX = 5_000;

export class Client {
  readonly #link: MqttLink;
  readonly #region: Region;
  readonly #ledger: Sent[];

  constructor(url: string, spec: ClientSpec, ledger: Sent[]) {
    const { id: clientId, region, bridge = false, reconnect, onConnected } = spec;
    this.#region = region;
    this.#ledger = ledger;
    this.#link = new MqttLink({
      url,
      clientId,
      bufferMax: BUFFER_MAX,
      ...(bridge ? { protocolVersion: 4, bridge } : {}),
      ...(reconnect ? { reconnect } : {}),
      ...(onConnected ? { onConnected } : {}),
    });
  }

  open(): void {
    this.#link.open();
  }

  get unanswered(): number {
    return this.#link.unanswered;
  }

  /** Null if its buffer is full: then the device makes no more. */
  send({ topic, payload, retain = false, contentType, fates }: Publication): Sent | null {
    if (this.#link.full) return null;
    const sent: Sent = { region: this.#region, topic, payload, fates, attempts: 0, answer: null };
    this.#ledger.push(sent);
    this.#link.publish({
      topic,
      payload,
      retain,
      ...(contentType === undefined ? {} : { contentType }),
      traceparent: null,
      sent: () => void (sent.attempts += 1),
      answered: (reasonCode) => void (sent.answer = reasonCode),
    });
    return sent;
  }

  /** Its connection breaks, and is made again. */
  drop(): void {
    this.#link.drop();
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
