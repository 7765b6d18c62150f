// The way by which a socket came in.
import type { Certificate } from "../broker.ts";

export interface Origin {
  /** `mqtt`, `mqtts`, `ws` or `wss`. */
  readonly listener: string;
  readonly remoteAddress: string;
  readonly certificate: Certificate | undefined;
}
