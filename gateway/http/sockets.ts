// Sockets of HTTP: how many, and how long they may take to say what they want.
//
// Z1. A request has `requestWithinMs` from its first byte, or from the beginning of its connection, to its last: silence
//     and a request that drips end alike.
// Z2. Connections are bounded, of all and of one address; past it whoever comes is closed.
import { type RequestListener, type Server, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { tlsOptions } from "../broker/connection/tls.ts";
import type { TlsIdentity } from "../broker/options.ts";
import { placeOf } from "../identity/remote-address.ts";
import type { HttpCounters } from "./counters.ts";
import type { HttpLimits } from "./options.ts";

const LOOK_EVERY_MS = 1_000;
/** A connection without a request is closed; a client that sends now and then opens another one. */
const IDLE_MS = 70_000;

/** Connections of all listeners, and of each address. */
export class Sockets {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #byPlace = new Map<string, number>();
  readonly #open = new Set<Socket>();

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** A server that takes requests, not yet listening. */
  server(listener: RequestListener, tls: TlsIdentity | undefined): Server {
    const options = {
      requestTimeout: this.#limits.requestWithinMs, // Z1
      headersTimeout: this.#limits.requestWithinMs,
      connectionsCheckingInterval: LOOK_EVERY_MS,
      keepAliveTimeout: IDLE_MS,
      noDelay: true,
    };
    const server = tls
      ? createTlsServer({ ...tlsOptions(tls), ...options }, listener)
      : createServer(options, listener);
    server.on("connection", (socket: Socket) => this.#enter(socket));
    if (tls) server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
    return server;
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** Z2. */
  #enter(socket: Socket): void {
    const place = placeOf(socket.remoteAddress ?? "unknown");
    const own = this.#byPlace.get(place) ?? 0;
    const { connectionsMax, addressConnectionsMax } = this.#limits;
    if (own >= addressConnectionsMax || this.#open.size >= connectionsMax) {
      this.#counters.turnedAway += 1;
      return void socket.destroy();
    }
    this.#byPlace.set(place, own + 1);
    this.#open.add(socket);
    this.#counters.connections = this.#open.size;
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#counters.connections = this.#open.size;
      const left = this.#byPlace.get(place)! - 1;
      if (left > 0) this.#byPlace.set(place, left);
      else this.#byPlace.delete(place);
    });
  }
}
