// The members of a connection that the handlers of its packets need.
import type { Peer } from "../session/peer.ts";
import type { Pausable } from "./pauses.ts";

export interface Source extends Peer, Pausable {
  /** Ends the connection for our own reasons; MQTT 5 clients are told why first. */
  close(reason: string, reasonCode: number): void;
}
