// One alert `record_set_aside` for each place and reason, as long as records of it are kept. What is alerted
// is a function of the stream alone: who retries or drops the last record resolves the alert.
import {
  setAsideGroup,
  setAsideStream,
  setAsideSubjects,
} from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { dispositionOf } from "../../runtime/errors.ts";
import type { Streams } from "../client/streams.ts";

export const SET_ASIDE_RULE = "record_set_aside";
const LOOK_EVERY_MS = 1_000;

export interface SetAsideGroup {
  /** `{by}/{kind}/{reason}` */
  readonly key: string;
  /** Records of the group that are kept. */
  readonly count: number;
  /** The stream's newest sequence: rises with every change that adds something. */
  readonly seq: number;
  readonly message: string;
}

export interface SetAsideWatch {
  readonly streams: Pick<Streams, "state" | "subjects">;
  readonly domain: string;
  /** Groups that an earlier start has told of, and that may be over. */
  readonly told: Iterable<string>;
  /** Raises the group's alert if it has records, else resolves it. */
  readonly tell: (group: SetAsideGroup) => Promise<void>;
}

/** Runs until `signal` aborts. */
export async function watchSetAside(
  { streams, domain, told, tell }: SetAsideWatch,
  signal: AbortSignal,
): Promise<void> {
  const known = new Set(told);
  const stream = setAsideStream(domain);
  let seen = "";
  while (!signal.aborted) {
    try {
      const { lastSeq: seq, messages } = await streams.state(stream);
      const now = `${seq} ${messages}`;
      if (now !== seen) {
        const counts = countsOf(await streams.subjects(stream, setAsideSubjects(domain)));
        for (const key of new Set([...known, ...counts.keys()])) {
          const count = counts.get(key) ?? 0;
          if (count > 0 && known.has(key)) continue;
          await tell({ key, count, seq, message: messageFor(domain, key, count) });
          if (count > 0) known.add(key);
          else known.delete(key);
        }
        seen = now;
      }
    } catch (error) {
      // A server that is away, or has no such stream yet, says nothing.
      if (dispositionOf(error) !== "retry") throw error;
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
}

function countsOf(subjects: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [subject, count] of subjects) {
    const key = setAsideGroup(subject);
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

function messageFor(domain: string, key: string, count: number): string {
  const [by = "", kind = "", reason = ""] = key.split("/");
  if (count === 0)
    return `${domain}: no ${kind} of ${by} is set aside as ${reason} any more, resolved`;
  const what = count === 1 ? `a ${kind} is` : `${count} records of kind ${kind} are`;
  return `${domain}: ${what} set aside by ${by}: ${reason}; npx skerry set-aside list --at ${domain}`;
}
