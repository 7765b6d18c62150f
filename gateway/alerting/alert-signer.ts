// Signs the alerts that command devices: gateways that know the key carry out the commands of no others
// (gateway/commands/engine-guard.ts).
//
// Z1. Numbers rise over all alerts of the engine, over a restart and a clock that went back too.
// Z2. Once one step of a rule and key is signed, so are all later ones: a gateway takes no other in its place.
import { type KeyObject, createPublicKey } from "node:crypto";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { headersOf } from "../../platform/nats/client/publish.ts";
import {
  type PlacedRecord,
  SIGNATURE_HEADER,
  isSignedBy,
  keyIdOf,
  parseSignature,
  signatureOf,
} from "../../platform/nats/signed/signature.ts";

export class AlertSigner {
  readonly #key: KeyObject;
  readonly #half: KeyObject;
  readonly #keyId: string;
  readonly #nowMs: () => number;
  #number = 0;

  /** @param key private, ed25519. @param nowMs epoch ms. */
  constructor(key: KeyObject, nowMs: () => number = Date.now) {
    this.#key = key;
    this.#half = createPublicKey(key);
    this.#keyId = keyIdOf(key);
    this.#nowMs = nowMs;
  }

  /** Z1. Learns of a step that an engine with this key stored before. */
  seen(stream: string, entry: Pick<LogEntry, "subject" | "data" | "signature">): void {
    const signature = parseSignature(entry.signature ?? "");
    if (signature?.keyId !== this.#keyId || signature.number <= this.#number) return;
    if (isSignedBy({ stream, ...entry }, signature, this.#half)) this.#number = signature.number;
  }

  /** The headers of a step; undefined for one that needs no signature. @param wasSigned the step before it was. */
  headersFor({ commands = [] }: Alert, record: PlacedRecord, wasSigned: boolean) {
    if (commands.length === 0 && !wasSigned) return undefined; // Z2
    this.#number = Math.max(this.#nowMs(), this.#number + 1); // Z1
    return headersOf({ [SIGNATURE_HEADER]: signatureOf(record, this.#number, this.#key) });
  }
}
