// The way by which a socket came in.
import type { Certificate } from "../../identity/login.ts";

export interface Origin {
  /** `mqtt`, `mqtts`, `ws` or `wss`. */
  readonly listener: string;
  readonly remoteAddress: string;
  readonly certificate: Certificate | undefined;
}
