// Rejects of the regions by contract, as the hub's copies have them: those in a copy, and those of which it is
// told that they went.
//
// Q1. A count is of one moment: rows of contracts add up to what the copy holds.
// Q2. Every device and reason is a subject, so that counting takes time where many are refused. It is done again
//     only where something came or went, and takes a small share of the time.
import type { DroppedRecord } from "../../../contracts/messages/reject.ts";
import { UNKNOWN_CONTRACT } from "../../../contracts/messages/ledger.ts";
import { rejectAddress, rejectFilter, rejectsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { readDropped } from "../../../platform/nats/lanes/dropped-rejects.ts";
import type { RejectCount } from "./standing-ledger.ts";

/** A count that took so long is not made again before this many times that (Q2). */
const REST_TIMES = 20;

type ByContract = Readonly<Record<string, RejectCount>>;

interface Counted {
  readonly state: string;
  readonly againMs: number;
  readonly counts: ByContract;
}

export class RejectCounts {
  readonly #streams: Streams;
  readonly #counted = new Map<string, Counted>();

  constructor(connection: NatsConnection) {
    this.#streams = new Streams(connection);
  }

  /** Counts by contract, `?` for those whose contract nobody knows. @throws AppError (retry) if the server does not answer. */
  async of(region: string): Promise<ByContract> {
    const stream = rejectsStream(region);
    const found = await this.#streams.find(stream);
    if (!found) return {};
    const last = this.#counted.get(region);
    const state = `${found.lastSeq} ${found.messages} ${found.createdMs}`;
    const beganMs = performance.now();
    if (last && (last.state === state || beganMs < last.againMs)) return last.counts; // Q2
    const subjects = await this.#streams.subjects(stream, rejectFilter({ region }));
    const counts = countsOf(subjects, await readDropped(this.#streams, region));
    const endMs = performance.now();
    const againMs = endMs + REST_TIMES * (endMs - beganMs);
    this.#counted.set(region, { state, againMs, counts });
    return counts;
  }
}

function countsOf(
  subjects: ReadonlyMap<string, number>,
  { dropped, others }: DroppedRecord,
): ByContract {
  const counts: Record<string, RejectCount> = {};
  const add = (contract: string | null | undefined, refused: number, gone: number): void => {
    const name = contract ?? UNKNOWN_CONTRACT;
    const before = counts[name] ?? { refused: 0, gone: 0 };
    counts[name] = { refused: before.refused + refused, gone: before.gone + gone };
  };
  for (const [subject, count] of subjects) add(rejectAddress(subject)?.contract, count, 0);
  for (const { contract, byAge, forRoom } of dropped) add(contract, byAge, forRoom);
  if (others > 0) add(null, 0, others);
  return counts;
}
