// Writes into the region's log that devices came and went, so that alerts, which are a function of
// the log alone, can follow from it.
//
// O1. A presence reading goes into its device's lane, in the order in which things were noticed.
// O2. Nobody waits for one. At most PRESENCE_OUTSTANDING_MAX are on their way; past that they are
//     dropped, counted, and said so once per episode.
// O3. After `stop` nothing is written: all who stood have gone offline with the gateway.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { violationOf } from "../../contracts/schema/contract.ts";
import { PRESENCE_CONTRACT } from "../../contracts/schema/gateway-contracts.ts";
import { encodeReading } from "../../contracts/messages/frame.ts";
import { partitionOf } from "../../contracts/names/partition.ts";
import { seriesKeyOf } from "../../contracts/messages/reading.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { CommitLog } from "../ingest/commit-log.ts";
import type { Message, Settle } from "../ingest/message.ts";
import { type Change, type Client, type LeaveReason, Standings } from "./standing.ts";

/** More than `connectionsMax` by default, so that all of them can go offline at once. */
export const PRESENCE_OUTSTANDING_MAX = 32_768;

const CONTRACT = { name: PRESENCE_CONTRACT, version: 1 } as const;

export interface PresenceParts {
  readonly commitLog: Pick<CommitLog, "append">;
  readonly catalog: Catalog;
  /** Id of this gateway. */
  readonly gateway: string;
  /** The number of the log's first present lane, 0 without it, and how many it has. */
  readonly firstLane?: number;
  readonly partitions: number;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Presence as transports tell it, and as the pipeline and the gateway ask it. */
export interface Presence {
  /** Readings that were not written since the start (O2). */
  readonly dropped: number;
  /** A client has a connection. */
  connected(client: Client): void;
  /**
   * Exactly once after each `connected`, with the same object. A takeover ends the old connection
   * first, and the `connected` of the new one follows in any case.
   */
  disconnected(client: Client, reason: LeaveReason): void;
  /** The `settle` to publish with: another one only while its anonymous sender is still unknown. */
  watch(message: Message, settle: Settle): Settle;
  /** Writes that every device went offline with the gateway; before the log drains (O3). */
  stop(): void;
}

/** Presence as the catalog knows it; without its contract there is none, and the log says so once. */
export function openPresence(parts: PresenceParts): Presence {
  const contract = parts.catalog.get(CONTRACT.name, CONTRACT.version);
  const problem = contract ? misfitOf(contract, parts.gateway) : "it is unknown";
  if (contract && problem === null) return new LoggedPresence(parts, contract);
  parts.logger.warn(
    { contract: `${CONTRACT.name}.v${CONTRACT.version}`, problem },
    "presence is off: connections made and lost are not written to the log",
  );
  return NO_PRESENCE;
}

/** The reason why this contract, which an installation may have written itself, takes no reading of ours. */
function misfitOf(contract: Contract, gateway: string): string | null {
  const payload = { ts: 0, state: "online", reason: "connected", gateway };
  return contract.validate(payload) ? null : violationOf(contract);
}

const NO_PRESENCE: Presence = {
  dropped: 0,
  connected: () => undefined,
  disconnected: () => undefined,
  watch: (_message, settle) => settle,
  stop: () => undefined,
};

class LoggedPresence implements Presence {
  readonly #parts: PresenceParts;
  readonly #contract: Contract;
  readonly #standings = new Standings();
  #outstanding = 0;
  #dropping = false;
  #stopped = false;
  dropped = 0;

  constructor(parts: PresenceParts, contract: Contract) {
    this.#parts = parts;
    this.#contract = contract;
  }

  connected(client: Client): void {
    if (!this.#stopped) this.#write(this.#standings.connected(client));
  }

  disconnected(client: Client, reason: LeaveReason): void {
    this.#write(this.#standings.disconnected(client, reason));
  }

  watch(message: Message, settle: Settle): Settle {
    if (message.principal !== undefined) return settle;
    const candidate = this.#standings.candidate(message.clientId);
    if (!candidate || !message.topic.startsWith(candidate.topicPrefix)) return settle;
    return (refusal) => {
      if (refusal === null) this.#write(this.#standings.shown(candidate));
      settle(refusal);
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#write(this.#standings.clear("shutdown"));
  }

  #write(changes: readonly Change[]): void {
    for (const change of changes) this.#append(change);
  }

  #append({ device, state, reason }: Change): void {
    if (this.#outstanding >= PRESENCE_OUTSTANDING_MAX) return this.#drop();
    const { commitLog, gateway, firstLane = 0, partitions, clock } = this.#parts;
    const ts = clock();
    const payload = { ts, state, reason, gateway };
    const encoded = encodeReading({
      contract: CONTRACT.name,
      version: CONTRACT.version,
      device,
      receivedAtMs: ts,
      traceparent: null,
      payload: JSON.stringify(payload),
    });
    this.#outstanding += 1;
    const key = seriesKeyOf(this.#contract, device, payload);
    const partition = firstLane + partitionOf(key, partitions);
    commitLog.append(partition, encoded, this.#stored);
  }

  readonly #stored = (): void => {
    this.#outstanding -= 1;
    if (this.#outstanding === 0) this.#dropping = false;
  };

  #drop(): void {
    this.dropped += 1;
    if (this.#dropping) return;
    this.#dropping = true;
    this.#parts.logger.error(
      { outstanding: this.#outstanding },
      "the log is behind: connections made and lost meanwhile are not written to it",
    );
  }
}
