// Everything that is wrong, in words, the worst first (pure).
import type { LaneLoss } from "../../contracts/messages/status.ts";
import { laneName } from "../../contracts/names/subjects.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { type Facts, statusesOf } from "./facts.ts";
import {
  PROBLEM_KINDS,
  type Problem,
  type ProblemKind,
  type RegionInsight,
  type SinkInsight,
} from "./insight.ts";
import { GONE_MS, type LagVerdict } from "./lag/verdict.ts";
import { SINK_REFUSES } from "./region.ts";
import { count, number } from "../operations/words.ts";
import { about, list } from "./words.ts";

/** Share of a log's bound from which on somebody should act. */
const LOG_FILLED = 0.8;
/** A balance that is open for less is on its way to come out. */
const OPEN_FOR_MS = 60_000;
/** Operators of lanes, whose absence the lanes tell. */
const TOLD_BY_LANES: ReadonlySet<string> = new Set(["aggregator", "alerting"]);

type Found = Pick<Problem, "region" | "text">;

export function problemsOf(
  facts: Facts,
  regions: readonly RegionInsight[],
  sink: SinkInsight,
): Problem[] {
  if (nothingRuns(facts)) return [{ kind: "nothing_runs", region: null, text: NOTHING_RUNS }];
  const found: Partial<Record<ProblemKind, Found[]>> = {
    log_refuses: refusingLogs(facts),
    data_lost: losses(facts),
    ledger_open: openBalances(facts),
    sink_refuses:
      sink.state === "refusing"
        ? [{ region: null, text: `${SINK_REFUSES}${sink.detail === "" ? "" : `: ${sink.detail}`}` }]
        : [],
    stuck: stuckReaders(regions, sink),
    waiting_for_wan: regions.flatMap(waiting),
    process_gone: goneProcesses(facts, regions),
    log_filling: regions.flatMap((of) => fillingLog(of, facts)),
    flooding: floods(facts),
    // Whoever waits for the store does not catch up, and the store is named.
    catching_up: sink.state === "refusing" ? [] : regions.flatMap(catchingUp),
  };
  return PROBLEM_KINDS.flatMap((kind) => (found[kind] ?? []).map((one) => ({ kind, ...one })));
}

const NOTHING_RUNS = "nothing runs: no process has been heard, of any region or of the hub";

const nothingRuns = ({ processes, atMs, listeningSinceMs }: Facts): boolean =>
  atMs - listeningSinceMs >= GONE_MS &&
  processes.every(({ kind, heardMs }) => kind === "console" || atMs - heardMs >= GONE_MS);

/** Words in which a server refuses because a stream's bound is reached. */
const FULL = /maximum (bytes|messages)/;

const refusingLogs = (facts: Facts): Found[] =>
  statusesOf(facts, "gateway").flatMap(({ region, log }) =>
    log.state === "ok"
      ? []
      : [
          {
            region,
            text: `the log of ${region} ${FULL.test(log.detail) ? "is full" : "refuses"}, so nothing is acknowledged there: ${log.detail}`,
          },
        ],
  );

/** Losses, each once: both operators see the same frames missing. */
function losses(facts: Facts): Found[] {
  const all = [...statusesOf(facts, "aggregator"), ...statusesOf(facts, "alerting")];
  const each = new Map(
    all.flatMap(({ losses: own }) => own.map((loss) => [`${laneName(loss)} ${loss.what}`, loss])),
  );
  const byRegion = Map.groupBy(each.values(), ({ region }) => region);
  return [...byRegion].map(([region, own]) => ({ region, text: lossText(region, own) }));
}

function lossText(region: string, own: readonly LaneLoss[]): string {
  const readings = own.reduce((sum, loss) => sum + (loss.readings ?? 0), 0);
  const [first] = own;
  const more = own.length === 1 ? "" : ` and ${number(own.length - 1)} more`;
  return `${region} lost ${count(readings, "acknowledged reading")}: ${first!.what}${more}`;
}

const openBalances = ({ ledger, atMs }: Facts): Found[] => {
  const open = (ledger?.open ?? []).filter(({ sinceMs }) => atMs - sinceMs >= OPEN_FOR_MS);
  return open.map(({ region, partition, readings, why }) => ({
    region,
    text: `${count(Math.abs(readings), "reading")} of lane ${region}/${partition} are not accounted for: ${why}`,
  }));
};

interface Reader {
  readonly region: string;
  readonly name: string;
  readonly verdict: LagVerdict;
}

/** Readers that stand still, those of one reason together. */
function stuckReaders(regions: readonly RegionInsight[], sink: SinkInsight): Found[] {
  const readers = regions.flatMap((of): Reader[] => {
    const { region } = of;
    const lanes = of.lanes.flatMap(({ partition, aggregator, alerting }) => [
      { region, name: `lane ${region}/${partition}`, verdict: aggregator },
      { region, name: `lane ${region}/${partition}`, verdict: alerting },
    ]);
    const channels = of.channels.map(({ channel, verdict }) => ({
      ...{ region, name: `${channel} for ${region}`, verdict },
    }));
    return of.copy
      ? [{ region, name: region, verdict: of.copy.verdict }, ...lanes, ...channels]
      : [...lanes, ...channels];
  });
  const stuck = readers.filter(
    ({ verdict: { state, why } }) =>
      state === "stuck" && !(sink.state === "refusing" && why.includes(SINK_REFUSES)),
  );
  const byReason = Map.groupBy(stuck, ({ verdict: { why } }) => reasonOf(why));
  return [...byReason].map(([why, own]) => {
    const inRegions = [...new Set(own.map(({ region }) => region))];
    const lanes = [...new Set(own.map(({ name }) => name))];
    const what = lanes.length <= 2 ? list(lanes) : `${lanes.length} lanes of ${list(inRegions)}`;
    const are = lanes.length === 1 ? "is" : "are";
    const isAll = inRegions.every((region) => isNothingStored(regions, region, own));
    return {
      region: inRegions.length === 1 ? inRegions[0]! : null,
      text: isAll
        ? `nothing of ${list(inRegions)} is stored, because all ${lanes.length} lanes are stuck: ${why}`
        : `${what} ${are} stuck: ${why}`,
    };
  });
}

/** True if these are the aggregator's readers of every lane of a region, whatever else they are. */
function isNothingStored(
  regions: readonly RegionInsight[],
  name: string,
  own: readonly Reader[],
): boolean {
  const lanes = regions.find(({ region }) => region === name)?.lanes ?? [];
  return (
    lanes.length > 0 &&
    lanes.every((lane) => own.some(({ verdict }) => verdict === lane.aggregator))
  );
}

/** Numbers that differ from lane to lane make no other reason. */
const reasonOf = (why: string): string =>
  why.replace(/^stuck: /, "").replace(/, and [\d,]+ frames? waits?$/, "");

function waiting({ region, link, drainAfterMs }: RegionInsight): Found[] {
  if (!link || link.up) return [];
  const after = drainAfterMs === null ? "" : `, done about ${about(drainAfterMs)} after it returns`;
  const downFor = about(link.seenMs - link.sinceMs);
  return [
    {
      region,
      text: `${region} waits for the WAN, down for ${downFor}, and keeps its readings meanwhile${after}`,
    },
  ];
}

/** Processes that were there, and of whose kind none is left in their place. */
function goneProcesses(facts: Facts, regions: readonly RegionInsight[]): Found[] {
  const { processes, atMs } = facts;
  const places = Map.groupBy(processes, ({ domain, kind }) => `${kind} ${domain}`);
  return [...places.values()].flatMap((own) => {
    const [{ kind, domain }] = own as [(typeof own)[number]];
    const heardMs = Math.max(...own.map((one) => one.heardMs));
    const link = regions.find(({ region }) => region === domain)?.link ?? null;
    const couldSpeakMs = link?.up ? Math.max(heardMs, link.sinceMs) : heardMs;
    const isCutOff = link !== null && !link.up;
    if (TOLD_BY_LANES.has(kind) || isCutOff || atMs - couldSpeakMs < GONE_MS) return [];
    const where = domain === HUB ? "" : ` of ${domain}`;
    return [
      {
        region: domain === HUB ? null : domain,
        text: `the ${kind}${where} has not been heard for ${about(atMs - heardMs)}`,
      },
    ];
  });
}

function fillingLog({ region, log }: RegionInsight, facts: Facts): Found[] {
  const refuses = statusesOf(facts, "gateway", region).some((one) => one.log.state !== "ok");
  if (refuses || !log || log.bytesMax === null || log.bytes < LOG_FILLED * log.bytesMax) return [];
  const percent = Math.floor((100 * log.bytes) / log.bytesMax);
  return [
    { region, text: `the log of ${region} is ${percent} % full: at 100 % it refuses readings` },
  ];
}

const floods = (facts: Facts): Found[] =>
  statusesOf(facts, "gateway").flatMap(({ region, slowed }) =>
    slowed.map(({ clientId, why }) => ({
      region,
      text: `client ${clientId} in ${region} ${why === "rate" ? "publishes more than it may" : "sends too much that is refused"} and is read more slowly`,
    })),
  );

function catchingUp({ region, path }: RegionInsight): Found[] {
  if (path.state !== "catching_up") return [];
  const behind = path.behindMs === null ? "" : `, ${about(path.behindMs)} behind`;
  const when = path.etaMs === null ? behind : `, done in about ${about(path.etaMs)}`;
  return [{ region, text: `${region} is catching up${when}` }];
}
