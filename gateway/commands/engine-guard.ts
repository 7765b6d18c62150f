// Which alerts may command devices: those that an alerting engine of the region has signed.
//
// E1. What has no valid signature opens no command, and withdraws none of one that has.
// E2. Per rule and key, numbers rise: a step that was validly signed before the one in force is none, over a restart too.
import { COMMANDS_KEPT_MS } from "../../contracts/messages/command.ts";
import { alertsStream } from "../../contracts/names/subjects.ts";
import { KeptRecords } from "../../platform/nats/signed/kept-records.ts";
import { type GuardedEntry, RecordGuard } from "../../platform/nats/signed/record-guard.ts";
import { parseSignature } from "../../platform/nats/signed/signature.ts";
import { TrustedKeys } from "../../platform/nats/signed/trusted-keys.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { GatewayConfig } from "../options.ts";

export interface EngineGuardParts {
  readonly region: string;
  readonly keys: Pick<TrustedKeys, "get" | "ids">;
  readonly kept: KeptRecords;
  readonly logger: Logger;
}

export class EngineGuard extends RecordGuard {
  readonly #stream: string;
  readonly #kept: KeptRecords;

  constructor({ region, keys, kept, logger }: EngineGuardParts) {
    super({ keys, kept, takesUnsigned: false, logger });
    this.#stream = alertsStream(region);
    this.#kept = kept;
  }

  /** @returns why a step is not of an engine, or null. */
  whyForged(entry: GuardedEntry): string | null {
    return this.verify(this.#stream, entry);
  }

  /** Judges the newest step of a rule and key, and remembers it as that. @returns why it is not taken, or null. */
  judgeNewest(entry: GuardedEntry, nowMs: number): string | null {
    const why = this.whyForged(entry); // E1
    if (why !== null) return why;
    const { subject } = entry;
    const { number } = parseSignature(entry.signature!)!;
    const inForce = this.#kept.numberOf(subject);
    if (number < inForce) return `it is older (${number}) than the one in force (${inForce})`; // E2
    // Commands of the step before have expired by then.
    if (number > inForce) this.#kept.raise(subject, number, nowMs + COMMANDS_KEPT_MS, nowMs);
    return null;
  }
}

/** The guard that the options ask for; undefined, and said so, without keys. */
export function engineGuard(
  { region, trustedEngineKeysFile, verifiedRecordsFile }: GatewayConfig,
  logger: Logger,
): EngineGuard | undefined {
  if (trustedEngineKeysFile === "") {
    logger.info(
      "commands of alerts are sent to devices, whoever wrote the alert: SKERRY_TRUSTED_ENGINE_KEYS_FILE ends that",
    );
    return undefined;
  }
  const keys = new TrustedKeys(trustedEngineKeysFile, "SKERRY_TRUSTED_ENGINE_KEYS_FILE", logger);
  const kept = new KeptRecords(verifiedRecordsFile === "" ? ":memory:" : verifiedRecordsFile);
  logger.info({ keys: keys.ids }, "commands of alerts are verified");
  return new EngineGuard({ region, keys, kept, logger });
}
