// Server-sent events: what all open pages are told, from one JSON text for each event.
//
// F1. An event is made into text once, however many pages are open.
// F2. A page that does not read is not waited for: past WAITING_BYTES_MAX it loses its connection, and asks again by itself.
// F3. A page whose session is over is told nothing more, from the next heartbeat on.
// F4. Viewers leave room for operators.
import type { ServerResponse } from "node:http";
import type { Role } from "../access/who.ts";

/** Pages that may be open. */
const CLIENTS_MAX = 250;
/** Pages of viewers among them. */
const VIEWERS_MAX = 200;
const WAITING_BYTES_MAX = 1024 ** 2;
const STILL_HERE_MS = 15_000;
/** A page whose connection was lost asks again after this time. */
const RETRY_MS = 2_000;

export const FEED_EVENTS = ["overview", "values", "event", "alert", "job", "device"] as const;
export type FeedEvent = (typeof FEED_EVENTS)[number];

/** A page that listens. */
export interface Listener {
  /** The devices whose values it wants. */
  readonly devices: ReadonlySet<string>;
  readonly role: Role;
  /** False once its session is over. */
  readonly isAdmitted: () => boolean;
}

interface Client extends Listener {
  readonly response: ServerResponse;
}

/** An event as it goes over the wire. */
const eventText = (event: FeedEvent, json: string): string => `event: ${event}\ndata: ${json}\n\n`;

export class Feed {
  readonly #clients = new Set<Client>();
  /** The newest text of what a page needs at once. */
  #overview: string | null = null;
  #heartbeat: NodeJS.Timeout | null = null;

  get clients(): number {
    return this.#clients.size;
  }

  /** False while too many pages are open for one more of that role (F4). */
  hasRoomFor(role: Role): boolean {
    if (role === "operator") return this.#clients.size < CLIENTS_MAX;
    const viewers = [...this.#clients].filter((client) => client.role === "viewer");
    return viewers.length < VIEWERS_MAX && this.#clients.size < CLIENTS_MAX;
  }

  /** The devices that some page wants the values of. */
  get devices(): ReadonlySet<string> {
    return new Set([...this.#clients].flatMap(({ devices }) => [...devices]));
  }

  /** Tells a page everything from now on, until it goes. */
  open(response: ServerResponse, listener: Listener): void {
    const client = { response, ...listener };
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RETRY_MS}\n\n${this.#overview ?? ""}`);
    this.#clients.add(client);
    response.once("close", () => this.#clients.delete(client));
    this.#heartbeat ??= setInterval(() => this.#beat(), STILL_HERE_MS).unref();
  }

  send(event: FeedEvent, data: unknown): void {
    if (this.#clients.size === 0 && event !== "overview") return;
    const text = eventText(event, JSON.stringify(data)); // F1
    if (event === "overview") this.#overview = text;
    this.#write(text);
  }

  /** Tells each page the rows of the devices that it wants, as one event. */
  sendValues(rows: Iterable<readonly [device: string, row: unknown]>): void {
    const texts = new Map<string, string[]>();
    const wanted = this.devices;
    for (const [device, row] of rows) {
      if (!wanted.has(device)) continue;
      const of = texts.get(device) ?? [];
      texts.set(device, [...of, JSON.stringify(row)]); // F1
    }
    for (const client of this.#clients) {
      const own = [...client.devices].flatMap((device) => texts.get(device) ?? []);
      if (own.length > 0) this.#writeTo(client, eventText("values", `[${own.join(",")}]`));
    }
  }

  close(): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    for (const { response } of this.#clients) response.end();
  }

  #beat(): void {
    for (const client of this.#clients)
      if (client.isAdmitted()) this.#writeTo(client, ": still here\n\n");
      else client.response.end(); // F3
  }

  #write(text: string): void {
    for (const client of this.#clients) this.#writeTo(client, text);
  }

  #writeTo({ response }: Client, text: string): void {
    if (response.writableLength > WAITING_BYTES_MAX)
      response.destroy(); // F2
    else response.write(text);
  }
}
