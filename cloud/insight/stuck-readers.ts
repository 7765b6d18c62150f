// Readers of the regions' logs that stand still, in words, those of one reason together (pure).
import type { Problem, RegionInsight, SinkInsight } from "./insight.ts";
import type { LagVerdict } from "./lag/verdict.ts";
import { unstick } from "./next-steps.ts";
import { SINK_REFUSES } from "./region.ts";
import { list } from "./words.ts";

interface Reader {
  readonly region: string;
  readonly who: "aggregator" | "alerting" | "copy" | "channel";
  readonly name: string;
  readonly verdict: LagVerdict;
}

export function stuckReaders(
  regions: readonly RegionInsight[],
  sink: SinkInsight,
): Pick<Problem, "region" | "text" | "next">[] {
  const stuck = regions
    .flatMap(readersOf)
    .filter(
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
    const concerned = regions.filter(({ region }) => inRegions.includes(region));
    return {
      region: inRegions.length === 1 ? inRegions[0]! : null,
      text: isAll
        ? `nothing of ${list(inRegions)} is stored, because all ${lanes.length} lanes are stuck: ${why}`
        : `${what} ${are} stuck: ${why}`,
      next: unstick(why, own[0]!.who, concerned),
    };
  });
}

function readersOf(of: RegionInsight): Reader[] {
  const { region, copy } = of;
  const lanes = of.lanes.flatMap(({ partition, aggregator, alerting }): Reader[] => {
    const name = `lane ${region}/${partition}`;
    return [
      { region, who: "aggregator", name, verdict: aggregator },
      { region, who: "alerting", name, verdict: alerting },
    ];
  });
  const channels = of.channels.map(({ channel, verdict }): Reader => ({
    ...{ region, who: "channel", name: `${channel} for ${region}`, verdict },
  }));
  const mirror: Reader[] = copy
    ? [{ region, who: "copy", name: region, verdict: copy.verdict }]
    : [];
  return [...mirror, ...lanes, ...channels];
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
