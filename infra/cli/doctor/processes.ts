// Processes as they tell of themselves: health, clocks, lanes that are held and get on.
import type {
  LaneStatus,
  ProcessStatus,
  StewardStatus,
} from "../../../contracts/messages/status.ts";
import { type LaneId, laneName } from "../../../contracts/names/subjects.ts";
import { FULL_NOW_MS, FULL_SOON_MS, filling } from "../../../cloud/insight/volumes/filling.ts";
import { about } from "../../../cloud/insight/words.ts";
import { bytes, perDay } from "../../../cloud/operations/words.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { aheadByDate, clockFinding } from "./network.ts";
import { type Finding, fine } from "./finding.ts";

/** Several heartbeats: a frame a second comes to every lane whose gateway runs. */
const MOVES_WITHIN_MS = 3_000;

interface Probe {
  readonly why?: string;
}

export interface ProcessLook {
  readonly findings: readonly Finding[];
  /** Null if it has none yet, or does not answer. */
  readonly status: ProcessStatus | null;
}

/** Asks one process; a fault of the connection is the caller's. */
export async function lookAtProcess(
  name: string,
  url: string,
  signal: AbortSignal,
): Promise<ProcessLook> {
  const [live, ready, status] = await Promise.all(
    ["/livez", "/readyz", "/status"].map((path) => fetch(new URL(path, url), { signal })),
  );
  const ahead = aheadByDate(ready!.headers.get("date"), Date.now());
  const [notLive, notReady] = [await reason(live!), await reason(ready!)];
  const log = `tail .skerry/logs/${name}.log   (or journalctl -u skerry-${name})`;
  const health: Finding =
    notLive !== null
      ? {
          ...{ area: "health", subject: name, level: "wrong", what: `hangs: ${notLive}` },
          ...{ right: "its work gets on", next: `start it anew; before that: ${log}` },
        }
      : notReady !== null
        ? {
            ...{ area: "health", subject: name, level: "wrong", what: `is not ready: ${notReady}` },
            ...{ right: "ready", next: `curl -s '${new URL("/readyz?verbose", url).href}'` },
          }
        : fine("health", name, "is alive and ready");
  const told = status!.ok ? ((await status!.json()) as ProcessStatus) : null;
  return {
    findings: [
      health,
      ...(told?.process === "steward" ? stewardFindings(name, told) : []),
      ...(ahead === null ? [] : [clockFinding(name, ahead)]),
    ],
    status: told,
  };
}

const stewardFindings = (name: string, told: StewardStatus): Finding[] => [
  ...retentionFindings(name, told),
  ...volumeFindings(told),
];

/** Volumes and links over time, of all machines that tell of theirs (pure). */
export const volumeFindings = ({ volumes = [], links = [] }: StewardStatus): Finding[] => [
  ...volumes.map((volume): Finding => {
    const { domain, name, freeBytes, bytesPerDay, fullInMs } = volume;
    const subject = `${domain} ${name}`;
    const rate = bytesPerDay === null ? "" : `, ${perDay(bytesPerDay)}`;
    if (fullInMs === null || fullInMs >= FULL_SOON_MS)
      return fine("disk", subject, `${bytes(freeBytes)} are free${rate}`);
    return {
      ...{ area: "disk", subject, level: fullInMs < FULL_NOW_MS ? "wrong" : "warning" },
      what: filling(volume, fullInMs),
      right: `room for ${about(FULL_SOON_MS)} and more`,
      next: "npx skerry influx retention …, SKERRY_LOG_KEEP, or a larger disk",
    };
  }),
  ...links.flatMap(({ region, bytesPerDay }) =>
    bytesPerDay === null
      ? []
      : [fine("disk", `link of ${region}`, `${bytes(bytesPerDay)} a day go over it`)],
  ),
];

/** A finding where what runs differs from what is configured: the steward compares, because it knows both (pure). */
export function retentionFindings(subject: string, { retention }: StewardStatus): Finding[] {
  if (!retention) return [];
  if (retention.length === 0)
    return [fine("retention", subject, "InfluxDB keeps what is configured")];
  return [
    {
      ...{ area: "retention", subject, level: "warning" },
      what: `InfluxDB does not keep what is configured: ${retention.join("; ")}`,
      right: "each kind for the time that SKERRY_INFLUX_KEEP (influx-keep) says",
      next: "npx skerry influx retention --influx URL --configured   (it says what a shorter time deletes)",
    },
  ];
}

/** Null if the answer is that all is well. A process of before knows no /livez. */
async function reason(answer: Response): Promise<string | null> {
  if (answer.ok || answer.status === 404) return null;
  const text = await answer.text();
  try {
    return (JSON.parse(text) as Probe).why ?? "it does not say why";
  } catch {
    return text.trim();
  }
}

type Operator = "alerting" | "aggregator";

export interface LanesFacts {
  readonly lanes: readonly LaneId[];
  /** Those whose processes belong to what is looked at. */
  readonly operators: readonly Operator[];
  /** The words of the operators at first, and a moment later. */
  readonly before: readonly ProcessStatus[];
  readonly after: readonly ProcessStatus[];
  /** The last sequence of each region's log, before the second look. */
  readonly lastSeq: ReadonlyMap<string, number>;
}

/** Waits as long as a lane may take to move. */
export const aMoment = (): Promise<void> => sleep(MOVES_WITHIN_MS);

/** Every lane is held by one engine and one aggregator, and gets on (pure). */
export function laneFindings({ lanes, operators, before, after, lastSeq }: LanesFacts): Finding[] {
  return operators.flatMap((operator) =>
    lanes.map((lane): Finding => {
      const subject = `lane ${laneName(lane)} of ${operator}`;
      const [then, now] = [laneIn(before, operator, lane), laneIn(after, operator, lane)];
      const bad = (level: Finding["level"], what: string, next: string): Finding => ({
        ...{ area: "lanes", subject, level, what, next, right: "one holds it, and it gets on" },
      });
      if (!now)
        return bad(
          "wrong",
          `no ${operator} that answers works on it`,
          `npx skerry lane show --region ${lane.region}`,
        );
      if (now.stoppedBy !== null && now.doneSeq === then?.doneSeq)
        return bad("wrong", `it waits: ${now.stoppedBy}`, "npx skerry status");
      const behind = (lastSeq.get(lane.region) ?? 0) - now.doneSeq;
      if (then?.doneSeq === now.doneSeq && behind > 1)
        return bad(
          "warning",
          `it is at ${now.doneSeq} since ${MOVES_WITHIN_MS / 1_000} s, ${behind} behind the log`,
          `npx skerry lane show --region ${lane.region}`,
        );
      return fine("lanes", subject, `is at ${now.doneSeq}`);
    }),
  );
}

function laneIn(
  all: readonly ProcessStatus[],
  operator: Operator,
  { region, partition }: LaneId,
): LaneStatus | null {
  const lanes = all.flatMap((one) => (one.process === operator ? one.lanes : []));
  return lanes.find((one) => one.region === region && one.partition === partition) ?? null;
}
