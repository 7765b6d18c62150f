// Server-sent events: what all open pages are told, from one JSON text for each event.
//
// F1. An event is made into text once, however many pages are open.
// F2. A page that does not read is not waited for: past WAITING_BYTES_MAX it loses its connection, and asks again by itself.
import type { ServerResponse } from "node:http";

/** Pages that may be open. */
const CLIENTS_MAX = 250;
const WAITING_BYTES_MAX = 1024 ** 2;
const STILL_HERE_MS = 15_000;
/** A page whose connection was lost asks again after this time. */
const RETRY_MS = 2_000;

export const FEED_EVENTS = ["overview", "values", "event", "alert", "job", "device"] as const;
export type FeedEvent = (typeof FEED_EVENTS)[number];

interface Client {
  readonly response: ServerResponse;
  /** The devices whose values it wants. */
  readonly devices: ReadonlySet<string>;
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

  get isFull(): boolean {
    return this.#clients.size >= CLIENTS_MAX;
  }

  /** The devices that some page wants the values of. */
  get devices(): ReadonlySet<string> {
    return new Set([...this.#clients].flatMap(({ devices }) => [...devices]));
  }

  /** Tells a page everything from now on, until it goes. */
  open(response: ServerResponse, devices: ReadonlySet<string>): void {
    const client = { response, devices };
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RETRY_MS}\n\n${this.#overview ?? ""}`);
    this.#clients.add(client);
    response.once("close", () => this.#clients.delete(client));
    this.#heartbeat ??= setInterval(() => this.#write(": still here\n\n"), STILL_HERE_MS).unref();
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

  #write(text: string): void {
    for (const client of this.#clients) this.#writeTo(client, text);
  }

  #writeTo({ response }: Client, text: string): void {
    if (response.writableLength > WAITING_BYTES_MAX)
      response.destroy(); // F2
    else response.write(text);
  }
}
