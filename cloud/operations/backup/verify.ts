// Whether a backup can be put back: every stream is restored into a nats-server of its own and read, message by message,
// and held against a running server if one is named.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { LogEntry } from "../../../platform/nats/client/log-entry.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { deleteStream, restoreSnapshot } from "../../../platform/nats/topology/stream-snapshot.ts";
import type { BackedUpStream } from "./manifest.ts";
import type { BackupFiles } from "./store.ts";

export interface StreamVerdict {
  readonly messages: number;
  /** Messages that the running server has just so; null if none was named. */
  readonly same: number | null;
  /** Messages that it has forgotten since. */
  readonly gone: number;
  /** Clauses; none if the stream is whole. */
  readonly faults: readonly string[];
}

/** Restores a stream at a scratch server, reads it, and removes it there. */
export async function verifyStream(
  scratch: NatsConnection,
  from: BackupFiles,
  stream: BackedUpStream,
  running: NatsConnection | null,
): Promise<StreamVerdict> {
  const { config, state } = stream;
  const { name } = config;
  const { mirror, sources: _sources, ...kept } = config;
  const subjects = mirror ? [`scratch.${name}`] : config.subjects;
  // It keeps everything that it was given, however old.
  const own = { ...kept, name, subjects, max_age: 0, num_replicas: 1, mirror_direct: false };
  const chunks = from.read(stream.file);
  await restoreSnapshot(scratch, own, { state, chunks });
  try {
    const there = await new Streams(scratch).state(name);
    const faults: string[] = [];
    // A server says the state first and takes the snapshot then: what came in between is in it.
    if (there.lastSeq < state.last_seq)
      faults.push(`it ends at ${there.lastSeq}, and ended at ${state.last_seq}`);
    const isAsItWas = there.lastSeq === state.last_seq && there.firstSeq === state.first_seq;
    if (isAsItWas && there.messages !== state.messages)
      faults.push(`${there.messages} messages, and had ${state.messages}`);
    const compared = await compare(allOf(scratch, name, there.messages), running, name);
    if (compared.read !== there.messages)
      faults.push(`${compared.read} of ${there.messages} messages can be read`);
    if (compared.other > 0)
      faults.push(
        `${compared.other} messages are others at the running server, the first at ${compared.firstOther}`,
      );
    const same = running && compared.same;
    return { messages: there.messages, same, gone: compared.gone, faults };
  } finally {
    await deleteStream(scratch, name);
  }
}

interface Compared {
  read: number;
  same: number;
  gone: number;
  other: number;
  firstOther: number | null;
}

/** Walks both in the order of their numbers. */
async function compare(
  restored: AsyncIterable<LogEntry>,
  running: NatsConnection | null,
  stream: string,
): Promise<Compared> {
  const found: Compared = { read: 0, same: 0, gone: 0, other: 0, firstOther: null };
  const state = running && (await new Streams(running).find(stream));
  const live =
    running && state ? allOf(running, stream, state.messages)[Symbol.asyncIterator]() : null;
  let next = live && (await live.next());
  for await (const entry of restored) {
    found.read++;
    if (!live || !next) continue;
    while (!next.done && next.value.seq < entry.seq) next = await live.next();
    if (next.done || next.value.seq > entry.seq) found.gone++;
    else if (isSame(next.value, entry)) found.same++;
    else {
      found.other++;
      found.firstOther ??= entry.seq;
    }
  }
  await live?.return?.(undefined);
  return found;
}

const isSame = (a: LogEntry, b: LogEntry): boolean =>
  a.subject === b.subject && a.storeMs === b.storeMs && Buffer.compare(a.data, b.data) === 0;

async function* allOf(
  connection: NatsConnection,
  stream: string,
  messages: number,
): AsyncGenerator<LogEntry, void, void> {
  if (messages > 0) yield* readStored(connection, { stream, subject: ">", from: 1 });
}
