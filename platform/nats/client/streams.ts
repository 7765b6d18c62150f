// The streams of one JetStream domain: what they are, what they hold, and what is taken out of them.
// Errors are translated (errors.ts), so that an outage can be told from a bug.
import {
  Empty,
  type JetStreamManager,
  type NatsConnection,
  type StreamInfo,
  type StreamInfoRequestOptions,
  millis,
} from "nats";
import { messageOrNull, streamOrNull, translated } from "./errors.ts";
import { jsonOf } from "./payload.ts";
import { SIGNATURE_HEADER } from "../signed/signature.ts";
import { type LogEntry, WRITTEN_HEADER, isDeletionMark } from "./log-entry.ts";

/** The code in the header of flow control and heartbeats. */
const CONTROL = 100;
const HAND_OVER_WITHIN_MS = 5_000;

export interface StreamState {
  readonly name: string;
  readonly subjects: readonly string[];
  /** The first sequence that is still there; of an empty stream, the next one. */
  readonly firstSeq: number;
  /** The last sequence ever used, 0 if none was. */
  readonly lastSeq: number;
  readonly messages: number;
  readonly bytes: number;
  /** Size at which the stream refuses or forgets; null if it has no bound. */
  readonly bytesMax: number | null;
  /** Epoch ms. */
  readonly createdMs: number;
  /** Age at which a message is forgotten; 0: never. */
  readonly maxAgeMs: number;
  /** Null for an origin. */
  readonly mirror: MirrorState | null;
  /** Empty where there is none. */
  readonly description: string;
}

export interface MirrorState {
  /** Messages that it lacks, as far as it knows. */
  readonly lag: number;
  /** Time since its origin was heard, ms; Infinity if it never was. */
  readonly heardMs: number;
}

export interface StreamsOptions {
  /** Another JetStream domain than the server's own: an origin beyond the WAN. */
  readonly domain?: string;
  /** An answer that takes longer counts as none. */
  readonly timeoutMs?: number;
}

export class Streams {
  readonly #connection: NatsConnection;
  readonly #options: StreamsOptions;

  constructor(connection: NatsConnection, options: StreamsOptions = {}) {
    this.#connection = connection;
    this.#options = options;
  }

  /** @throws AppError `NATS_UNAVAILABLE` (retry), also while there is no such stream. */
  async state(stream: string): Promise<StreamState> {
    return stateOf(await translated(this.#info(stream)));
  }

  /** The same, or null if there is no such stream. */
  async find(stream: string): Promise<StreamState | null> {
    const info = await streamOrNull(this.#info(stream));
    return info && stateOf(info);
  }

  async list(): Promise<StreamState[]> {
    const found: StreamState[] = [];
    await translated(
      this.#manager().then(async ({ streams }) => {
        for await (const info of streams.list()) found.push(stateOf(info));
      }),
    );
    return found;
  }

  /** Number of messages of every subject that fits the filter. */
  async subjects(stream: string, filter: string): Promise<ReadonlyMap<string, number>> {
    const { state } = await translated(this.#info(stream, { subjects_filter: filter }));
    return new Map(Object.entries(state.subjects ?? {}));
  }

  /** Sequences that are not there any more: before the first, or taken out one by one after it. */
  async removed(stream: string): Promise<Pick<ReadonlySet<number>, "has">> {
    const { state } = await translated(this.#info(stream, { deleted_details: true }));
    const later = new Set(state.deleted ?? []);
    return { has: (seq) => seq < state.first_seq || later.has(seq) };
  }

  /** The message with this sequence, or null if it is not there. */
  at(stream: string, seq: number): Promise<LogEntry | null> {
    return this.#message(stream, { seq });
  }

  /** The newest message of a subject (or filter), or null if there is none. */
  newest(stream: string, subject: string): Promise<LogEntry | null> {
    return this.#message(stream, { last_by_subj: subject });
  }

  /** The same; null also if there is no such stream. */
  async newestOrNone(stream: string, subject: string): Promise<LogEntry | null> {
    return streamOrNull(this.#message(stream, { last_by_subj: subject }));
  }

  /** The first message of a subject from this sequence on, or null if there is none. */
  next(stream: string, subject: string, fromSeq: number): Promise<LogEntry | null> {
    return this.#message(stream, { seq: fromSeq, next_by_subj: subject });
  }

  /** True of a stored message that looks like a server's own word between two deliveries, flow control or a heartbeat. */
  async isControl(stream: string, seq: number): Promise<boolean> {
    const { streams } = await this.#manager();
    const stored = await messageOrNull(streams.getMessage(stream, { seq }));
    return stored !== null && stored.data.length === 0 && stored.header?.code === CONTROL;
  }

  /** Removes a message. False if it was not there any more. */
  async remove(stream: string, seq: number): Promise<boolean> {
    const { streams } = await this.#manager();
    return (await messageOrNull(streams.deleteMessage(stream, seq, false))) ?? false;
  }

  /** Removes what is before a sequence, or of a subject all but the newest `keep`; resolves to how many. */
  async purge(
    stream: string,
    what: { readonly before: number } | { readonly subject: string; readonly keep?: number },
  ): Promise<number> {
    const { streams } = await this.#manager();
    const options =
      "before" in what ? { seq: what.before } : { filter: what.subject, keep: what.keep ?? 0 };
    return (await translated(streams.purge(stream, options))).purged;
  }

  /**
   * Has another server of the cluster lead a stream: it begins anew with what a leader does, such as hearing an origin.
   * Resolves to false where there is no other, and nothing is asked then.
   * @throws AppError `NATS_UNAVAILABLE` (retry).
   */
  async handOver(stream: string): Promise<boolean> {
    const { cluster } = await translated(this.#info(stream));
    if ((cluster?.replicas ?? []).length === 0) return false;
    const { domain, timeoutMs = HAND_OVER_WITHIN_MS } = this.#options;
    const api = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
    const subject = `${api}.STREAM.LEADER.STEPDOWN.${stream}`;
    const { data } = await translated(
      this.#connection.request(subject, Empty, { timeout: timeoutMs }),
    );
    const { success } = jsonOf<{ success?: unknown }>(data);
    return success === true;
  }

  async #message(
    stream: string,
    query: { seq: number; next_by_subj?: string } | { last_by_subj: string },
  ): Promise<LogEntry | null> {
    const { streams } = await this.#manager();
    const stored = await messageOrNull(streams.getMessage(stream, query));
    if (!stored) return null;
    const { seq, time, subject, data, header } = stored;
    const isDeletion = isDeletionMark(header?.get("KV-Operation") ?? "");
    const signature = header?.get(SIGNATURE_HEADER) ?? "";
    const written = header?.get(WRITTEN_HEADER) ?? "";
    return {
      ...{ seq, storeMs: time.getTime(), subject, data },
      ...(written === "" ? {} : { writtenMs: Number(written) }),
      ...(isDeletion ? { isDeletion } : {}),
      ...(signature === "" ? {} : { signature }),
    };
  }

  async #info(stream: string, options?: Partial<StreamInfoRequestOptions>): Promise<StreamInfo> {
    const { streams } = await this.#manager();
    return streams.info(stream, options);
  }

  /** Made for each question, because it is nothing but a name and a timeout; it asks nothing itself. */
  #manager(): Promise<JetStreamManager> {
    const { domain, timeoutMs } = this.#options;
    return this.#connection.jetstreamManager({
      checkAPI: false,
      ...(domain === undefined ? {} : { domain }),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    });
  }
}

const stateOf = ({ config, state, created, mirror }: StreamInfo): StreamState => ({
  name: config.name,
  subjects: config.subjects ?? [],
  firstSeq: state.first_seq,
  lastSeq: state.last_seq,
  messages: state.messages,
  bytes: state.bytes,
  bytesMax: config.max_bytes > 0 ? config.max_bytes : null,
  createdMs: Date.parse(String(created)),
  maxAgeMs: millis(config.max_age),
  description: config.description ?? "",
  mirror: config.mirror
    ? {
        lag: mirror?.lag ?? Infinity,
        heardMs: mirror && mirror.active >= 0 ? mirror.active / 1e6 : Infinity,
      }
    : null,
});
