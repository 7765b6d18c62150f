// The nats-servers of an installation: versions, clocks, streams as planned, copies that hear their origin, rates.
import { heldStreams } from "../../../platform/nats/topology/held-streams.ts";
import {
  POSITIONS_BUCKET,
  bucketStream,
  partitionIn,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { about } from "../../../cloud/insight/words.ts";
import { number } from "../../../cloud/operations/words.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { type StreamState, Streams } from "../../../platform/nats/client/streams.ts";
import {
  diffTopology,
  stagesOf,
  rejectBoundsOf,
} from "../../../platform/nats/topology/apply-topology.ts";
import { clusterName } from "../../../platform/nats/topology/server-config.ts";
import {
  WHOLE_VERSIONS,
  clusterWeaknessOf,
  weaknessesOf,
} from "../../../platform/nats/topology/server-versions.ts";
import { HUB, PARTITIONS_DEFAULT } from "../../../platform/nats/topology/topology.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { clockFinding } from "./network.ts";
import { type Finding, fine } from "./finding.ts";

const DAY_MS = 86_400_000;
const ANSWER_WITHIN_MS = 4_000;
/** A mirror hears its origin once a second. */
const SILENT_MS = 30_000;
const LAG_MAX = 1_000;
/** The sharpest of some looks: what is written once a second is on average half a second old. */
const LOOKS = 4;
const LOOK_EVERY_MS = 400;
/** A rate over less says nothing. */
const RATE_OVER_MS = 600_000;

const nameOf = (domain: string): string => `nats-${domain}`;
const streamsOf = (nats: NatsConnection): Streams =>
  new Streams(nats, { timeoutMs: ANSWER_WITHIN_MS });

export function versionFinding(domain: string, { info }: NatsConnection): Finding {
  const version = info?.version ?? "unknown";
  const lacking = weaknessesOf(version);
  if (lacking.length === 0) return fine("versions", nameOf(domain), version);
  const loses = info?.cluster === clusterName(domain) ? clusterWeaknessOf(version) : null;
  const walls = `lacks ${lacking.length} walls: ${lacking.join("; ")}`;
  return {
    ...{ area: "versions", subject: nameOf(domain), level: loses === null ? "warning" : "wrong" },
    what: `nats-server ${version} ${loses === null ? "" : `is no server for a cluster: ${loses}; it `}${walls}`,
    right: `${WHOLE_VERSIONS}, or newer`,
    next: "https://github.com/nats-io/nats-server/releases: replace the program, then restart this server",
  };
}

/** A server's clock by the time at which it stored what is written to it every second. */
export async function serverClock(domain: string, nats: NatsConnection): Promise<Finding> {
  const stream = domain === HUB ? bucketStream(POSITIONS_BUCKET) : telemetryStream(domain);
  const streams = streamsOf(nats);
  let ahead = -Infinity;
  const seen = new Set<number>();
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(LOOK_EVERY_MS);
    const { lastSeq } = await streams.state(stream);
    const last = await streams.at(stream, lastSeq);
    seen.add(lastSeq);
    if (last) ahead = Math.max(ahead, last.storeMs - Date.now());
  }
  // Of a log that nobody writes to only a time in the future says something.
  if (seen.size === 1 && ahead <= 0)
    return {
      ...{ area: "clocks", subject: nameOf(domain), level: "note" },
      what: `its clock is not known: nothing is written to ${stream} at the moment`,
      right: "a message a second",
      next: "npx skerry status",
    };
  return clockFinding(nameOf(domain), ahead);
}

/** Copies that do not hear their origin, or lack much of it. */
export async function copyFindings(domain: string, nats: NatsConnection): Promise<Finding[]> {
  const found = await heldStreams(streamsOf(nats), domain);
  return found.flatMap(({ name, mirror }): Finding[] => {
    if (!mirror) return [];
    const subject = `${nameOf(domain)} ${name}`;
    const { heardMs, lag } = mirror;
    const right = "it hears its origin every second, and lacks next to nothing";
    const next = "npx skerry status   (which region is cut off?)";
    const bad = (level: Finding["level"], what: string): Finding => ({
      ...{ area: "streams", subject, level, what, right, next },
    });
    if (!Number.isFinite(heardMs)) return [bad("wrong", "the copy has never heard its origin")];
    if (heardMs > SILENT_MS)
      return [bad("wrong", `the copy has not heard its origin for ${about(heardMs)}`)];
    if (lag > LAG_MAX) return [bad("warning", `the copy lacks ${number(lag)} messages`)];
    return [fine("streams", subject, "hears its origin")];
  });
}

/** Differences of the servers from the plan, whose figures are taken from what is there. */
export async function planFindings(
  connections: Readonly<Record<string, NatsConnection>>,
): Promise<Finding[]> {
  const regions = Object.keys(connections).filter((name) => name !== HUB);
  const logs = new Map<string, StreamState>();
  const copies: [string, string][] = [];
  for (const into of regions)
    for (const origin of regions) {
      const state = await streamsOf(connections[into]!).find(telemetryStream(origin));
      if (state && origin === into) logs.set(into, state);
      else if (state) copies.push([origin, into]);
    }
  const first = logs.values().next().value;
  const bare = `npx skerry topology apply --hub URL ${regions.map((name) => `--region ${name}=URL`).join(" ")}`;
  if (!first)
    return [
      {
        ...{ area: "streams", subject: "topology", level: "wrong", what: "no region has a log" },
        ...{ right: "streams and buckets of the plan", next: bare },
      },
    ];
  const stages = await stagesOf(connections, regions);
  const logBytesMax = first.bytesMax ?? -1;
  const rejects = await rejectBoundsOf(connections[HUB]!);
  const plan = {
    regions,
    copies,
    partitions: PARTITIONS_DEFAULT,
    stages,
    logBytesMax,
    rejects,
  };
  const lines = await diffTopology(connections, plan);
  if (lines.length === 0)
    return [fine("streams", "topology", "streams, copies and buckets are as planned")];
  const next = `${bare} --copies '${copies.map((pair) => pair.join(">")).join(",") || "none"}' --log-gib ${logBytesMax / 1024 ** 3}`;
  return lines.map((what) => ({
    ...{ area: "streams", subject: "topology", level: "wrong", what, right: "as planned", next },
  }));
}

/** Lanes and the end of a region's log. */
export async function logOf(
  region: string,
  nats: NatsConnection,
): Promise<{ lanes: readonly number[]; lastSeq: number; bytesPerDay: number | null }> {
  const streams = streamsOf(nats);
  const stream = telemetryStream(region);
  const state = await streams.state(stream);
  const { firstSeq, lastSeq, bytes } = state;
  const [first, last] = await Promise.all([
    streams.at(stream, firstSeq),
    streams.at(stream, lastSeq),
  ]);
  const overMs = first && last ? last.storeMs - first.storeMs : 0;
  const bytesPerDay = overMs < RATE_OVER_MS ? null : (bytes / overMs) * DAY_MS;
  return { lanes: state.subjects.map(partitionIn), lastSeq, bytesPerDay };
}

/** The room of a region's log for when the hub fetches nothing. */
export async function roomFinding(region: string, nats: NatsConnection): Promise<Finding> {
  const { bytes, bytesMax } = await streamsOf(nats).state(telemetryStream(region));
  const subject = `${nameOf(region)} ${telemetryStream(region)}`;
  const share = bytesMax === null ? 0 : bytes / bytesMax;
  const what = `the log is ${Math.round(share * 100)} % full`;
  if (share < 0.8) return fine("disk", subject, what);
  return {
    ...{ area: "disk", subject, level: share < 0.95 ? "warning" : "wrong", what },
    right: "under 80 %: a log that is full takes no reading more, and devices are not acknowledged",
    next: "npx skerry status   (does the hub fetch?); then topology apply with more --log-gib",
  };
}
