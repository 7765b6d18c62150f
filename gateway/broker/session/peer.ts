// The members of a connection that sessions need: who is there, on which terms, and a way to write.
import type { ClientIdentity } from "../broker.ts";
import type { ConnectTerms } from "../protocol/connect-terms.ts";
import type { Holder } from "./holders.ts";

export interface Peer {
  readonly identity: ClientIdentity;
  /** The holder that it counts as. */
  readonly holder: Holder;
  readonly terms: ConnectTerms;
  /** CONNACK is written, and nobody has hung up. */
  readonly open: boolean;
  /** Somebody has hung up: nothing that is written arrives. */
  readonly gone: boolean;
  /** Bytes that wait in its socket. */
  readonly unsentBytes: number;
  /**
   * Queues a four-byte answer; those of one turn of the event loop leave in one write.
   * @param asOf failures of the store until then, if the answer says that the store has something: none is written
   * once there are more.
   */
  answer(word: number, asOf?: number): void;
  /** Writes behind all queued answers. */
  write(bytes: Buffer): void;
  /** Runs work of this connection's own: what it throws ends the connection, never the process. */
  guarded(work: () => void): void;
}
