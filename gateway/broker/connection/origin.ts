// The way by which a socket came in.
import type { Socket } from "node:net";
import type { Certificate } from "../../identity/login.ts";
import { placeOf } from "../../identity/remote-address.ts";
import type { Arrival } from "./doorstep.ts";

export interface Origin {
  /** `mqtt`, `mqtts`, `ws` or `wss`. */
  readonly listener: string;
  readonly remoteAddress: string;
  readonly certificate: Certificate | undefined;
  /** The socket, or TLS over it: its ports tell it apart on the doorstep. */
  readonly socket: Pick<Socket, "remoteAddress" | "remotePort" | "localPort">;
}

/** The same for a socket and for TLS over it; while it is open. */
export const arrivalOf = (socket: Origin["socket"]): Arrival => ({
  place: placeOf(socket.remoteAddress ?? "unknown"),
  key: `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`,
});
