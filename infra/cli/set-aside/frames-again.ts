// Frames and readings that an operator set aside: a gateway of their region admits them again. Their own place in
// the lane has passed.
import type { ReplayAnswer, ReplayRequest } from "../../../contracts/messages/replay.ts";
import type {
  RecordPlace,
  RetryAnswer,
  SetAsideRecord,
} from "../../../contracts/messages/set-aside.ts";
import {
  replaySubject,
  setAsideFilter,
  setAsideStream,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { isNoResponders, isTimeout } from "../../../platform/nats/client/errors.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { request } from "../../../platform/nats/client/requests.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { count } from "../../../cloud/operations/words.ts";

/** Longer than a gateway takes to give up. */
const ANSWER_WITHIN_MS = 12_000;

/** Works with the nats-server of a region. */
export type InRegion = <T>(
  region: string,
  work: (nats: NatsConnection) => Promise<T>,
) => Promise<T>;

/** The region of a frame or reading of a log; null for every other record. */
export function regionOfFrame({ kind, place }: SetAsideRecord): string | null {
  const isOfLane = kind === "frame" || kind === "reading";
  const prefix = telemetryStream("");
  return isOfLane && place.stream.startsWith(prefix) ? place.stream.slice(prefix.length) : null;
}

/** Has frames admitted again, each once however many operators set it aside: what is handled is remembered. */
export class FramesAgain {
  readonly #inRegion: InRegion;
  readonly #handled = new Set<string>();
  /** Subjects at which nobody answered: a long list is not asked one by one until each has timed out. */
  readonly silent = new Set<string>();

  constructor(inRegion: InRegion) {
    this.#inRegion = inRegion;
  }

  async retry({ place }: SetAsideRecord, region: string): Promise<RetryAnswer> {
    const { seq, part } = place;
    const [whole, own] = [keyOf(place, undefined), keyOf(place, part)];
    if (this.#handled.has(whole) || this.#handled.has(own))
      return { outcome: "handled", detail: "" };
    if (seq === undefined || !Number.isSafeInteger(seq))
      return { outcome: "still", detail: "it was read between two places of the log" };
    const asked: ReplayRequest = {
      ...{ seq, of: "frame", dryRun: false },
      ...(typeof part === "number" ? { part } : {}),
    };
    const answer = await this.#ask(region, asked, place);
    if (typeof answer === "string") return { outcome: "still", detail: answer };
    if (answer.outcome !== "stored") return { outcome: "still", detail: wordsOf(answer) };
    this.#handled.add(own);
    return { outcome: "handled", detail: "" };
  }

  async #ask(
    region: string,
    asked: ReplayRequest,
    place: RecordPlace,
  ): Promise<ReplayAnswer | string> {
    const body = Buffer.from(JSON.stringify(asked));
    const subject = replaySubject(region);
    if (this.silent.has(subject)) return `no answer: perhaps no gateway of ${region} is running`;
    try {
      return await this.#inRegion(region, async (nats) => {
        const data = await request(nats, subject, body, ANSWER_WITHIN_MS);
        const answer = jsonOf<ReplayAnswer>(data);
        if (answer.outcome === "stored") await dropOfEngine(nats, region, place);
        return answer;
      });
    } catch (error) {
      if (!isNoResponders(error) && !isTimeout(error)) return messageOf(error);
      this.silent.add(subject);
      return isTimeout(error)
        ? `no answer: perhaps no gateway of ${region} is running`
        : `no gateway of ${region} is running`;
    }
  }
}

/** The engine set the same frame aside: its readings must not come a third time. */
async function dropOfEngine(
  nats: NatsConnection,
  region: string,
  place: RecordPlace,
): Promise<void> {
  const kind = place.part === undefined ? "frame" : "reading";
  const subject = setAsideFilter({ domain: region, by: "alerting", kind, place });
  await new Streams(nats).purge(setAsideStream(region), { subject });
}

const keyOf = ({ stream, seq }: RecordPlace, part: RecordPlace["part"]): string =>
  `${stream} ${seq} ${part ?? ""}`;

function wordsOf({ outcome, readings, detail }: ReplayAnswer): string {
  const stored = readings === 0 ? "" : `${count(readings, "reading")} stored, another refused: `;
  return outcome === "gone" ? `${detail} any more` : `${stored}${detail}`;
}
