// The hub's verdict for the command line: the steward's, which has watched all the time, or that of a short watch of one's own.
import type { ToldInsight } from "../../../contracts/messages/status.ts";
import { InsightWatch } from "../../../cloud/insight/watch.ts";
import type { ProcessAnswer } from "../../../cloud/operations/lanes/process-answer.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import type { NatsAddress } from "../kit/addresses.ts";
import { openNats } from "../kit/connection.ts";

/** An older verdict is of a steward that hangs. */
const FRESH_MS = 15_000;
const ANSWER_WITHIN_MS = 2_000;
/** Processes speak once a second, and who stands for 3 s can be told from who moves. */
const WATCH_MS = 4_500;

/** Null if no steward answers, or what it says is old. */
export function saidBySteward(
  processes: readonly ProcessAnswer[],
  nowMs: number,
): ToldInsight | null {
  for (const { status } of processes) {
    const insight = status?.process === "steward" ? status.insight : null;
    if (insight && nowMs - insight.atMs < FRESH_MS) return insight;
  }
  return null;
}

/** The same by the same code, without a ledger; null if the hub does not answer. */
export async function watchHub(
  { url, ...hub }: Omit<NatsAddress, "url"> & { readonly url: string | undefined },
  regions: readonly {
    readonly region: string;
    readonly log: { readonly lanes: readonly unknown[] } | null;
  }[],
): Promise<ToldInsight | null> {
  if (url === undefined) return null;
  const connection = await openNats({ url, ...hub }, ANSWER_WITHIN_MS).catch(() => null);
  if (!connection) return null;
  const stop = new AbortController();
  try {
    const partitions = Math.max(0, ...regions.map(({ log }) => log?.lanes.length ?? 0));
    const watch = new InsightWatch({
      ...{ connection, regions: regions.map(({ region }) => region), channels: true },
      partitions,
      logger: makeLogger({}, "silent"),
    });
    const watching = watch.run(stop.signal);
    watching.catch(() => undefined);
    await sleep(WATCH_MS);
    return watch.latest;
  } finally {
    stop.abort();
    await connection.close();
  }
}
