// Everything that is wrong, in words, the worst first, each with the next thing to do (pure).
import type { LaneLoss, Surge } from "../../contracts/messages/status.ts";
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
import { GONE_MS } from "./lag/verdict.ts";
import * as next from "./next-steps.ts";
import { FULL_SOON_MS, filling } from "./volumes/filling.ts";
import { stuckReaders } from "./stuck-readers.ts";
import { SINK_REFUSES } from "./region.ts";
import { count, number } from "../operations/words.ts";
import { about, amount, list } from "./words.ts";

/** Share of a log's bound from which on somebody should act. */
const LOG_FILLED = 0.8;
/** A balance that is open for less is on its way to come out. */
const OPEN_FOR_MS = 60_000;
/** Operators of lanes, whose absence the lanes tell. */
const TOLD_BY_LANES: ReadonlySet<string> = new Set(["aggregator", "alerting"]);
/** Kinds about which somebody has to act. */
const WRONG: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  "nothing_runs",
  "log_refuses",
  "data_lost",
  "hub_fenced",
  "region_went_back",
  "ledger_open",
  "sink_refuses",
  "stuck",
  "process_gone",
]);

/** A problem without what its kind says. */
export type Found = Pick<Problem, "region" | "text" | "next">;

export function problemsOf(
  facts: Facts,
  regions: readonly RegionInsight[],
  sink: SinkInsight,
): Problem[] {
  if (nothingRuns(facts)) return [problem("nothing_runs", NOTHING_RUNS)];
  const found: Partial<Record<ProblemKind, Found[]>> = {
    log_refuses: refusingLogs(facts, regions),
    data_lost: losses(facts),
    hub_fenced: fenced(facts),
    region_went_back: regions.flatMap(wentBack),
    ledger_open: openBalances(facts),
    sink_refuses: refusingSink(facts, regions, sink),
    stuck: stuckReaders(regions, sink),
    waiting_for_wan: regions.flatMap(waiting),
    process_gone: goneProcesses(facts, regions),
    log_filling: regions.flatMap((of) => fillingLog(of, facts)),
    disk_filling: fillingDisks(facts),
    flooding: floods(facts),
    // Whoever waits for the store does not catch up, and the store is named.
    standing: sink.state === "refusing" ? [] : standing(regions),
    catching_up: sink.state === "refusing" ? [] : regions.flatMap(catchingUp),
  };
  return PROBLEM_KINDS.flatMap((kind) => (found[kind] ?? []).map((one) => problem(kind, one)));
}

const problem = (kind: ProblemKind, found: Found): Problem => ({
  ...{ kind, state: WRONG.has(kind) ? "wrong" : "degraded" },
  ...found,
  runBook: next.RUN_BOOKS[kind],
});

const NOTHING_RUNS: Found = {
  region: null,
  text: "nothing runs: no process has been heard, of any region or of the hub",
  next: next.startEverything,
};

const nothingRuns = ({ processes, atMs, listeningSinceMs }: Facts): boolean =>
  atMs - listeningSinceMs >= GONE_MS &&
  processes.every(({ kind, heardMs }) => kind === "console" || atMs - heardMs >= GONE_MS);

/** Words in which a server refuses because a stream's bound is reached. */
const FULL = /maximum (bytes|messages)/;

const refusingLogs = (facts: Facts, regions: readonly RegionInsight[]): Found[] =>
  statusesOf(facts, "gateway").flatMap(({ region, log }) => {
    if (log.state === "ok") return [];
    const isFull = FULL.test(log.detail);
    const own = regions.find((one) => one.region === region)?.log ?? null;
    const size = own?.bytesMax ? ` (${amount(own.bytes, own.bytesMax)})` : "";
    const what = isFull ? `is full${size}` : `is away (${log.detail})`;
    return [
      {
        region,
        text: `the log of ${region} ${what}, so nothing that devices send there is acknowledged`,
        next: isFull
          ? next.makeRoom(region, own?.bytesMax ?? null, isRead(regions, region))
          : next.startServerOf(region),
      },
    ];
  });

/** True if nobody who reads the log of a region is behind. */
const isRead = (regions: readonly RegionInsight[], name: string): boolean => {
  const of = regions.find(({ region }) => region === name);
  const copy = of?.copy?.verdict ?? null;
  return (
    copy?.state === "ok" &&
    of!.lanes.length > 0 &&
    of!.lanes.every(({ aggregator, alerting }) =>
      [aggregator, alerting].every((reader) => reader === null || reader.state === "ok"),
    )
  );
};

function refusingSink(
  { atMs }: Facts,
  regions: readonly RegionInsight[],
  { state, detail, sinceMs }: SinkInsight,
): Found[] {
  if (state !== "refusing") return [];
  const since =
    sinceMs === null || detail.includes(" for ") ? "" : `, for ${about(atMs - sinceMs)} now`;
  const text = `${SINK_REFUSES}${detail === "" ? "" : `: ${detail}`}${since}`;
  return [{ region: null, text, next: next.startStore(regions) }];
}

/** Losses, each once: both operators see the same frames missing. */
function losses(facts: Facts): Found[] {
  const all = [...statusesOf(facts, "aggregator"), ...statusesOf(facts, "alerting")];
  const each = new Map(
    all.flatMap(({ losses: own }) => own.map((loss) => [`${laneName(loss)} ${loss.what}`, loss])),
  );
  const byRegion = Map.groupBy(each.values(), ({ region }) => region);
  return [...byRegion].map(([region, own]) => ({
    region,
    text: lossText(region, own),
    next: next.fetchLost,
  }));
}

function lossText(region: string, own: readonly LaneLoss[]): string {
  const readings = own.reduce((sum, loss) => sum + (loss.readings ?? 0), 0);
  const [first] = own;
  const more = own.length === 1 ? "" : ` and ${number(own.length - 1)} more`;
  return `region ${region} lost ${count(readings, "acknowledged reading")}: ${first!.what}${more}`;
}

const openBalances = ({ ledger, atMs }: Facts): Found[] => {
  const open = (ledger?.open ?? []).filter(({ sinceMs }) => atMs - sinceMs >= OPEN_FOR_MS);
  return open.map(({ region, partition, readings, why }) => ({
    region,
    text: `${count(Math.abs(readings), "reading")} of lane ${region}/${partition} are not accounted for: ${why}`,
    next: next.keepLogs,
  }));
};

const fenced = ({ fence }: Facts): Found[] =>
  fence ? [{ region: null, text: `the hub is fenced: ${fence.why}`, next: next.recoverHub }] : [];

const wentBack = ({ region, wentBack: text }: RegionInsight): Found[] =>
  text === null ? [] : [{ region, text, next: next.goOn(region) }];

function waiting(of: RegionInsight): Found[] {
  const { region, link, drainAfterMs } = of;
  if (!link || link.up) return [];
  const after = drainAfterMs === null ? "" : `, done about ${about(drainAfterMs)} after it returns`;
  const downFor = about(link.seenMs - link.sinceMs);
  const text = `region ${region} waits for the WAN, down for ${downFor}, and keeps its readings meanwhile${after}`;
  return [{ region, text, next: next.mendNetwork(of) }];
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
    const name = domain === HUB ? kind : `${kind} of ${domain}`;
    return [
      {
        region: domain === HUB ? null : domain,
        text: `the ${name} has not been heard for ${about(atMs - heardMs)}`,
        next: next.startProcess(name),
      },
    ];
  });
}

function fillingLog({ region, log }: RegionInsight, facts: Facts): Found[] {
  const refuses = statusesOf(facts, "gateway", region).some((one) => one.log.state !== "ok");
  if (refuses || !log || log.bytesMax === null || log.bytes < LOG_FILLED * log.bytesMax) return [];
  const percent = Math.floor((100 * log.bytes) / log.bytesMax);
  const size = amount(log.bytes, log.bytesMax);
  const text = `the log of ${region} is ${percent} % full (${size}): at 100 % it takes nothing more`;
  return [{ region, text, next: next.readFaster(log.bytesMax) }];
}

/** Volumes as the steward has watched them. */
const fillingDisks = (facts: Facts): Found[] =>
  statusesOf(facts, "steward").flatMap(({ volumes = [] }) =>
    volumes.flatMap((volume) => {
      const { domain, fullInMs } = volume;
      if (fullInMs === null || fullInMs >= FULL_SOON_MS) return [];
      const text = filling(volume, fullInMs);
      return [{ region: domain === HUB ? null : domain, text, next: next.makeDiskRoom }];
    }),
  );

/** Floods that are held back, and one that is still taken whole. */
const floods = (facts: Facts): Found[] => [
  ...statusesOf(facts, "gateway").flatMap(({ region, slowed }) =>
    slowed.map(({ clientId, why }) => ({
      region,
      text: `client ${clientId} in ${region} ${why === "rate" ? "publishes more than it may" : "sends too many messages that are refused"} and is read more slowly`,
      next: next.mendDevice,
    })),
  ),
  ...statusesOf(facts, "gateway").flatMap(({ region, surge, slowed }) =>
    !surge || slowed.some(({ device }) => device === surge.sender)
      ? []
      : [{ region, text: surgeText(region, surge), next: next.isItMeant }],
  ),
];

/** Gateways of earlier versions do not tell a surge. */
const surgeText = (region: string, { sender, perSecond, times, share }: Surge): string =>
  `suddenly ${Math.round(100 * share)} % of what ${region} gets is from ${sender}, ${number(perSecond)} messages a second; in all it gets ${number(Math.round(times))} times as much as usual`;

/** Those of all regions together, because it is mostly one reason. */
function standing(regions: readonly RegionInsight[]): Found[] {
  const own = regions.filter(({ path }) => path.state === "standing");
  if (own.length === 0) return [];
  const ages = own.flatMap(({ path: { behindMs } }) => behindMs ?? []);
  const age = ages.length === 0 ? "" : `, and what waits is ${about(Math.max(...ages))} old`;
  const where = list(own.map(({ region }) => region));
  return [
    {
      region: own.length === 1 ? own[0]!.region : null,
      text: `nothing of ${where} is being stored at the moment${age}`,
      next: next.waitALittle,
    },
  ];
}

function catchingUp({ region, path }: RegionInsight): Found[] {
  if (path.state !== "catching_up") return [];
  const behind = path.behindMs === null ? "" : `, ${about(path.behindMs)} behind`;
  const when = path.etaMs === null ? behind : `, done in about ${about(path.etaMs)}`;
  return [
    { region, text: `region ${region} is catching up${when}`, next: next.letItCatchUp({ path }) },
  ];
}
