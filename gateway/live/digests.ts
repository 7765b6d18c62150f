// The gateway's part of the live lane: once a second what it saw, from memory, in slices.
import { setImmediate as nextTurn } from "node:timers/promises";
import { LIVE_EVERY_MS, type LiveEvent } from "../../contracts/messages/live.ts";
import type { SlowedClient, Surge } from "../../contracts/messages/status.ts";
import { type LiveDigestKind, liveDigestSubject } from "../../contracts/names/subjects.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import type { LiveSpeaker } from "../../platform/nats/live/live-speaker.ts";
import type { BrokerCounters, ClientIdentity } from "../broker/broker.ts";
import type { LiveIngest } from "../ingest/ingest.ts";
import { type LastMessage, type LastReading, LastSeen } from "./last-seen.ts";
import { RecentEvents } from "./recent-events.ts";
import { SlowedClients } from "./slowed-clients.ts";
import { SurgeWatch, senderOf } from "./surge.ts";
import { Rows, readingRow, topicRow } from "./rows.ts";

/** Rows that are made in one turn of the event loop: publishes wait for less than a millisecond. */
const ROWS_PER_TURN = 100;
/** Clients on `/status`. */
const SLOWED_SHOWN = 20;
/** Counters of the broker that say which subscribers are behind, and the kind of event that they make. */
const BEHIND: Readonly<Record<string, LiveEvent["kind"]>> = {
  slow_subscriber: "slow_consumer",
  queue_full: "session_queue",
  queues_full: "session_queue",
  session_quota: "session_queue",
  device_queues_full: "session_queue",
  device_session_quota: "session_queue",
};

const SLOWED_DETAIL: Readonly<Record<SlowedClient["why"], string>> = {
  rate: "it publishes more than it may",
  rejects: "too much of it is refused",
  subscribes: "it subscribes more than it may",
};

export interface DigestsOptions {
  readonly region: string;
  readonly gateway: string;
  readonly catalog: Pick<Catalog, "get">;
}

export class LiveDigests implements LiveIngest {
  readonly #options: DigestsOptions;
  readonly #last = new LastSeen();
  readonly #events = new RecentEvents();
  readonly #slowed = new SlowedClients();
  readonly #surge = new SurgeWatch(Date.now());
  #dropped: Readonly<Record<string, number>> = {};

  constructor(options: DigestsOptions) {
    this.#options = options;
  }

  readonly seen: LiveIngest["seen"] = (message, receivedAtMs, admission) =>
    this.#last.add(message, receivedAtMs, admission);

  readonly refused: LiveIngest["refused"] = (message, receivedAtMs, { reason }) =>
    this.#last.refused(message, receivedAtMs, reason);

  readonly passed: LiveIngest["passed"] = (message, receivedAtMs, passed) =>
    this.#last.passed(message, receivedAtMs, passed);

  readonly rejected: LiveIngest["rejected"] = (reject) => {
    const { reason, detail, device, clientId } = reject;
    this.#events.add({
      ...{ atMs: Date.now(), kind: "reject", clientId, address: null, device, reason, detail },
    });
  };

  /** A client has connected, was refused, or is gone. */
  client(kind: LiveEvent["kind"], client: ClientIdentity, reason: string, detail: string): void {
    const { clientId, remoteAddress: address, device = null } = client;
    this.#events.add({ atMs: Date.now(), kind, clientId, address, device, reason, detail });
  }

  /** A client sends too much and is read more slowly. */
  slowed(client: ClientIdentity, why: SlowedClient["why"]): void {
    const { clientId, remoteAddress, device = null } = client;
    const atMs = Date.now();
    const detail = SLOWED_DETAIL[why];
    const at = { atMs, clientId, address: remoteAddress, device };
    if (this.#slowed.note({ clientId, device, why }, atMs))
      this.#events.add({ ...at, kind: "slowed_down", reason: why, detail });
  }

  get slowedClients(): readonly SlowedClient[] {
    return this.#slowed.now(Date.now()).slice(0, SLOWED_SHOWN);
  }

  get surge(): Surge | null {
    return this.#surge.now;
  }

  /** Tells once a second until `signal` aborts; without a connection everything waits, and the newest stays. */
  async run(speaker: LiveSpeaker, counters: BrokerCounters, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LIVE_EVERY_MS, signal);
      this.#noteBehind(counters);
      if (!speaker.connected) continue;
      await this.#tellTopics(speaker);
      await this.#tellReadings(speaker);
      this.#tellEvents(speaker);
    }
  }

  async #tellTopics(speaker: LiveSpeaker): Promise<void> {
    const rows = new Rows();
    const take = (message: LastMessage): boolean => {
      if (!rows.add(topicRow(message))) return false;
      this.#surge.add(senderOf(message), message.count - message.told);
      return true;
    };
    const more = await fill(rows, () => this.#last.takeMessages(ROWS_PER_TURN, take));
    this.#surge.look(Date.now());
    if (!rows.isEmpty) this.#say(speaker, "topics", `"rows":${rows.text},"more":${more}`);
  }

  async #tellReadings(speaker: LiveSpeaker): Promise<void> {
    const { catalog } = this.#options;
    const rows = new Rows();
    const take = (encoded: string, reading: LastReading): boolean =>
      rows.add(readingRow(catalog, encoded, reading));
    const more = await fill(rows, () => this.#last.takeReadings(ROWS_PER_TURN, take));
    const total = this.#last.readings;
    if (!rows.isEmpty)
      this.#say(speaker, "readings", `"total":${total},"rows":${rows.text},"more":${more}`);
  }

  #tellEvents(speaker: LiveSpeaker): void {
    const taken = this.#events.take();
    if (taken) this.#say(speaker, "events", JSON.stringify(taken).slice(1, -1));
  }

  /** Subscribers that lost messages since the last look. */
  #noteBehind({ dropped }: BrokerCounters): void {
    for (const [reason, kind] of Object.entries(BEHIND)) {
      const count = (dropped[reason] ?? 0) - (this.#dropped[reason] ?? 0);
      const detail = `${count} ${count === 1 ? "message was" : "messages were"} not delivered`;
      const nobody = { clientId: null, address: null, device: null };
      if (count > 0) this.#events.add({ ...nobody, atMs: Date.now(), kind, reason, detail });
    }
    this.#dropped = { ...dropped };
  }

  #say(speaker: LiveSpeaker, kind: LiveDigestKind, rest: string): void {
    const { region, gateway } = this.#options;
    const head = `"v":1,"gateway":${JSON.stringify(gateway)},"atMs":${Date.now()}`;
    speaker.sayText(liveDigestSubject(region, kind), `{${head},${rest}}`);
  }
}

/** Takes some in each turn of the event loop, until nothing waits or nothing fits. @returns how many wait on. */
async function fill(rows: Rows, take: () => number): Promise<number> {
  for (;;) {
    const more = take();
    if (more === 0 || rows.isFull) return more;
    await nextTurn();
  }
}
