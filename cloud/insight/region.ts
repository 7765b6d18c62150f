// One region over time (pure): from facts, second by second, the verdicts on everything that reads its log.
import type { AggregatorStatus, LaneStatus } from "../../contracts/messages/status.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import {
  type Facts,
  type LaneFacts,
  type RegionFacts,
  lastStatusesOf,
  silenceOf,
  statusesOf,
} from "./facts.ts";
import type { ChannelInsight, LaneInsight, LogInsight, RegionInsight } from "./insight.ts";
import { AccountHistory } from "./lag/account-lag.ts";
import { type Circumstances, LagHistory } from "./lag/lag-history.ts";
import { Progress } from "./lag/progress.ts";
import { LAG_STATES, type LagState, type LagVerdict } from "./lag/verdict.ts";
import { wentBackText } from "./went-back.ts";

/** Weight of a new rate in the mean of how fast the log grows, once a second. */
const RATE_WEIGHT = 0.05;

export class RegionHistory {
  readonly #histories = new Map<string, LagHistory>();
  readonly #accounts = new Map<number, AccountHistory>();
  readonly #path = new Progress();
  #log: LogInsight | null = null;
  /** Frames a second: how fast the log grows, and how fast it was drained when it last had to be; null if not known. */
  #grows: number | null = null;
  #drains: number | null = null;
  #wasDown = false;
  #pathState: LagState = "ok";

  observe(of: RegionFacts, facts: Facts): RegionInsight {
    const { region, link } = of;
    if (of.log) this.#log = of.log;
    const copy = this.#copy(of, facts);
    const lanes = of.lanes.map((lane) => this.#lane(of, lane, facts));
    const path = this.#pathOf(of, [copy, ...lanes.map(({ aggregator }) => aggregator)], facts);
    const gateways = statusesOf(facts, "gateway", region);
    const aggregators = lastStatusesOf(facts, "aggregator");
    return {
      ...{ region, link, lanes, path },
      log: this.#log,
      copy: of.copy && copy ? { ...withoutLag(of.copy), verdict: copy } : null,
      wentBack: of.wentBack.length > 0 ? wentBackText(region, of.wentBack) : null,
      channels: this.#channels(of, facts),
      freshnessMs: freshnessOf(of, facts),
      canary: newestCanary(aggregators, region),
      latency:
        aggregators.find((one) => one.recentLatencyMs[region])?.recentLatencyMs[region] ?? {},
      drainAfterMs: this.#drainAfterMs(of, facts.atMs),
      ...roomOf(this.#log, this.#bytesPerSecond(of)),
      readingsStored: gateways.reduce((sum, { readingsStored }) => sum + readingsStored, 0),
    };
  }

  #copy(of: RegionFacts, { atMs }: Facts): LagVerdict | null {
    const { copy, log } = of;
    if (!copy) return null;
    const history = this.#history("copy");
    const back = of.wentBack.find(({ stream }) => stream === telemetryStream(of.region));
    // What a log that went back writes under numbers of the copy is not in the copy, whatever its end says.
    const doneSeq = back ? Math.min(copy.lastSeq, back.fromSeq - 1) : copy.lastSeq;
    const endSeq = log?.lastSeq ?? copy.lastSeq + (copy.lag ?? 0);
    const targetSeq = Math.max(doneSeq, back ? endSeq : Math.max(copy.lastSeq, endSeq));
    const sample = { atMs, targetSeq, doneSeq };
    const came = history.progress.rates?.came ?? 0;
    const lacks = targetSeq - doneSeq;
    return history.observe(
      sample,
      {
        ...{ linkDownSinceMs: downSince(of), isRemote: true, silentMs: 0 },
        stoppedBy: back ? wentBackText(of.region, [back]) : null,
        who: `the hub's copy of the log of ${of.region}`,
        behindMs: lacks === 0 ? 0 : came > 0 ? Math.round((lacks / came) * 1_000) : null,
      },
      atMs,
    );
  }

  #lane(of: RegionFacts, lane: LaneFacts, facts: Facts): LaneInsight {
    const { partition } = lane;
    const at = { region: of.region, partition };
    const aggregators = statusesOf(facts, "aggregator");
    const working = laneIn(aggregators, at);
    const engine = laneIn(statusesOf(facts, "alerting", of.region), at);
    return {
      partition,
      aggregator: this.#reader(`aggregator ${partition}`, lane, "aggregator", facts, {
        ...{ linkDownSinceMs: downSince(of), isRemote: false, who: "the aggregator" },
        silentMs: silenceOf(facts, "aggregator", HUB),
        stoppedBy: working?.stoppedBy ?? sinkProblem(aggregators) ?? unowned(aggregators, working),
        account: this.#account(of, lane, facts),
      }),
      alerting: this.#reader(`alerting ${partition}`, lane, "alerting", facts, {
        ...{ linkDownSinceMs: downSince(of), isRemote: true },
        who: `the alerting engine of ${of.region}`,
        silentMs: silenceIn(of, facts, "alerting"),
        stoppedBy: engine?.stoppedBy ?? null,
      }),
    };
  }

  /** Null also while the link is down: what the region has told by then says nothing about the aggregator. */
  #account(of: RegionFacts, lane: LaneFacts, { ledger }: Facts) {
    if (!ledger || downSince(of) !== null) return null;
    const { partition, newestSeq: seq, newestMs: storeMs } = lane;
    let history = this.#accounts.get(partition);
    if (!history) this.#accounts.set(partition, (history = new AccountHistory()));
    const own = ledger.lanes.find((one) => one.region === of.region && one.partition === partition);
    return history.observe(own ?? null, ledger.atMs, { seq, storeMs });
  }

  #reader(
    name: string,
    lane: LaneFacts,
    operator: "aggregator" | "alerting",
    { atMs }: Facts,
    of: Omit<Circumstances, "behindMs">,
  ): LagVerdict {
    const place = lane[operator];
    const targetSeq = Math.max(lane.newestSeq, place?.doneSeq ?? 0);
    const sample = place && { atMs, targetSeq, doneSeq: place.doneSeq };
    const behindMs = behindOf(lane, place);
    return this.#history(name).observe(sample, { ...of, behindMs }, atMs);
  }

  #channels(of: RegionFacts, facts: Facts): ChannelInsight[] {
    const { atMs } = facts;
    const notifiers = facts.processes.filter(({ status }) => status?.process === "notifier");
    return notifiers.flatMap(({ status, domain, heardMs }) => {
      if (status?.process !== "notifier") return [];
      const own = status.channels.filter(({ region }) => region === of.region);
      return own.map(({ channel, doneSeq, waiting, gathering = 0, lastError }) => {
        const targetSeq = Math.max(doneSeq, of.alertsSeq ?? doneSeq);
        // A group that gathers is told later, which is what was asked for.
        const gathers = waiting > 0 && waiting === gathering;
        const isDone = gathers || (waiting === 0 && (of.alertsSeq === null || domain !== HUB));
        const sample = { atMs, targetSeq: isDone ? doneSeq : targetSeq, doneSeq };
        const verdict = this.#history(`channel ${domain} ${channel}`).observe(
          sample,
          {
            ...{ linkDownSinceMs: downSince(of), isRemote: domain !== HUB, behindMs: null },
            ...{ who: `channel ${channel}`, silentMs: atMs - heardMs, stoppedBy: lastError },
          },
          atMs,
        );
        return { channel, verdict };
      });
    });
  }

  /** All of the way together: as its worst part, and done when the slowest lane is. */
  #pathOf(of: RegionFacts, parts: readonly (LagVerdict | null)[], facts: Facts): LagVerdict {
    const worst = worstOf(parts.filter((part) => part !== null)) ?? {
      ...NOTHING_KNOWN,
      sinceMs: facts.listeningSinceMs,
    };
    const done = of.lanes.map(({ aggregator }) => aggregator?.doneSeq ?? null);
    const lastSeq = Math.max(of.log?.lastSeq ?? 0, of.copy?.lastSeq ?? 0);
    const isKnown = done.length > 0 && done.every((seq) => seq !== null);
    if (isKnown && downSince(of) === null) {
      const doneSeq = Math.min(...done);
      const targetSeq = Math.max(lastSeq, doneSeq);
      if (this.#wasDown) this.#path.beginAnew();
      this.#path.observe({ atMs: facts.atMs, targetSeq, doneSeq });
    }
    this.#wasDown = downSince(of) !== null;
    this.#learnRates(worst.state);
    if (worst.state !== "catching_up") return worst;
    return { ...worst, behindFrames: this.#path.behind, etaMs: this.#path.etaMs };
  }
  #learnRates(state: LagState): void {
    // What is drained now is told by this catching up alone.
    if (state === "catching_up" && this.#pathState !== state) {
      this.#path.beginAnew();
      this.#drains = null;
    }
    this.#pathState = state;
    const { rates } = this.#path;
    if (!rates) return;
    if (state === "ok")
      this.#grows =
        this.#grows === null ? rates.came : this.#grows + RATE_WEIGHT * (rates.came - this.#grows);
    if (state === "catching_up" && rates.done > rates.came)
      this.#drains = Math.max(this.#drains ?? 0, rates.done);
  }

  /** The log grows through an outage as it did before, and is drained as it was the last time. */
  #drainAfterMs(of: RegionFacts, nowMs: number): number | null {
    const sinceMs = downSince(of);
    if (sinceMs === null || this.#grows === null || this.#drains === null) return null;
    if (this.#drains <= this.#grows) return null;
    return Math.round(((nowMs - sinceMs) * this.#grows) / (this.#drains - this.#grows));
  }

  /** Bytes a second by which the log grows, before anything of it is trimmed; null if it cannot be said. */
  #bytesPerSecond(of: RegionFacts): number | null {
    const isUp = downSince(of) === null;
    const framesPerSecond = isUp ? (this.#path.rates?.came ?? this.#grows) : this.#grows;
    const log = this.#log ?? of.copy;
    const frames = log ? log.lastSeq - log.firstSeq + 1 : 0;
    return framesPerSecond === null || !log || frames <= 0
      ? null
      : framesPerSecond * (log.bytes / frames);
  }

  #history(name: string): LagHistory {
    let history = this.#histories.get(name);
    if (!history) this.#histories.set(name, (history = new LagHistory()));
    return history;
  }
}

/** Room for what the hub does not copy meanwhile, and what the hub's disk has to hold of what nobody stores. */
function roomOf(
  log: LogInsight | null,
  bytesPerSecond: number | null,
): Pick<RegionInsight, "roomMs" | "bytesPerHour"> {
  if (!bytesPerSecond) return { roomMs: null, bytesPerHour: null };
  const room = log?.bytesMax ? Math.max(0, log.bytesMax - log.bytes) : null;
  return {
    roomMs: room === null ? null : Math.round((room / bytesPerSecond) * 1_000),
    bytesPerHour: Math.round(bytesPerSecond * 3_600),
  };
}

/** The worst of several; lanes that stand for a moment while others get on are part of a catching up. */
function worstOf(verdicts: readonly LagVerdict[]): LagVerdict | undefined {
  const [worst] = verdicts.toSorted(
    (a, b) => LAG_STATES.indexOf(a.state) - LAG_STATES.indexOf(b.state),
  );
  const moving = verdicts.find(({ state }) => state === "catching_up");
  return worst?.state === "standing" && moving ? moving : worst;
}

/** Silence in a region, which nobody could have broken before its link was back, ms. */
export function silenceIn({ region, link }: RegionFacts, facts: Facts, kind: string): number {
  const silentMs = silenceOf(facts, kind, region);
  return link?.up ? Math.min(silentMs, facts.atMs - link.sinceMs) : silentMs;
}

const NOTHING_KNOWN: Omit<LagVerdict, "sinceMs"> = {
  ...{ state: "ok", motion: "moving", behindFrames: 0, behindMs: null, etaMs: null },
  why: "nothing is known yet",
};

const downSince = ({ link }: RegionFacts): number | null =>
  link && !link.up ? link.sinceMs : null;

const withoutLag = ({ lag: _, ...copy }: NonNullable<RegionFacts["copy"]>): LogInsight => copy;

/**
 * Age of the oldest frame that is not done, by the region's own clock: what came before it is done, however long ago
 * that was.
 */
function behindOf(lane: LaneFacts, place: LaneFacts["aggregator"]): number | null {
  if (!place) return null;
  if (place.doneSeq >= lane.newestSeq) return 0;
  return place.nextMs === null ? null : Math.max(0, lane.newestMs - place.nextMs);
}

/** The lane as the process shows it that is furthest: while it passes from one to another both may. */
export function laneIn(
  statuses: readonly { readonly lanes: readonly LaneStatus[] }[],
  { region, partition }: { region: string; partition: number },
): LaneStatus | null {
  return statuses
    .flatMap(({ lanes }) => lanes)
    .filter((lane) => lane.region === region && lane.partition === partition)
    .reduce<LaneStatus | null>((a, b) => (a && a.doneSeq >= b.doneSeq ? a : b), null);
}

/** Words that the problem of the sink has wherever it is told. */
export const SINK_REFUSES = "the store does not take what is written";

/** The store as an aggregator has it that it refuses, which has asked it; null if none has. */
export const refusingSink = (aggregators: readonly AggregatorStatus[]) =>
  aggregators.find(({ influx }) => influx.state === "refusing" && influx.sinceMs !== null)
    ?.influx ?? null;

function sinkProblem(aggregators: readonly AggregatorStatus[]): string | null {
  const refusing = refusingSink(aggregators);
  return refusing ? `${SINK_REFUSES}: ${refusing.detail}` : null;
}

function newestCanary(aggregators: readonly AggregatorStatus[], of: string) {
  const own = aggregators.flatMap(({ canaries }) => canaries.filter(({ region }) => region === of));
  const newest = own.toSorted((a, b) => b.storedMs - a.storedMs)[0];
  return newest ? { sentMs: newest.sentMs, storedMs: newest.storedMs } : null;
}

const unowned = (aggregators: readonly AggregatorStatus[], lane: LaneStatus | null) =>
  lane === null && aggregators.length > 0 ? "no aggregator works on this lane" : null;

/** Age of what the sink has of every lane: nothing that waits, as the ledger knows it, is older at the time of these facts. */
function freshnessOf({ region, lanes }: RegionFacts, { atMs, ledger }: Facts): number | null {
  const doneMs = lanes.map(({ aggregator }) => aggregator?.doneMs ?? null);
  if (doneMs.length === 0 || !doneMs.every((ms) => ms !== null)) return null;
  const waiting = (ledger?.rows ?? []).filter((row) => row.region === region);
  const waitsMs = waiting.flatMap(({ oldestMs }) => (oldestMs === null ? [] : atMs - oldestMs));
  return Math.max(0, atMs - Math.min(...doneMs), ...waitsMs);
}
