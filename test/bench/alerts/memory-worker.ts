// What the engine's lanes hold of many devices, and what a snapshot of it costs: in a process of its
// own, which is run with --expose-gc.
import { threadStopwatch } from "../../../platform/runtime/stopwatch.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import { restoreSnapshot, takeSnapshot } from "../../../gateway/alerting/state/lane-snapshot.ts";
import type { MemoryResult, MemorySpec } from "./in-process.ts";
import { LaneFeed } from "./lane-feed.ts";
import { mixedRules, sumOf } from "./rules.ts";

const PARTITIONS = 4;
const PER_FRAME = 20;
const MIB = 2 ** 20;

/** After what can be collected is collected, in MiB. */
function held(): { heap: number; rss: number } {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / MIB, rss: rss / MIB };
}

function measure({ counts, over, devices, seconds }: MemorySpec): MemoryResult {
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const before = held();
  const load = { partitions: PARTITIONS, devices, ratePerSecond: devices, perFrame: PER_FRAME };
  const feeds = Array.from(
    { length: PARTITIONS },
    (_, partition) => new LaneFeed({ ...load, partition }, catalog, mixedRules(counts, over)),
  );
  // A second of all lanes at a time, as they come.
  for (let second = 0; second < seconds; second++)
    for (const feed of feeds)
      feed.evaluate(feed.decode(feed.makeFrames(devices / PARTITIONS / PER_FRAME)));
  const after = held();
  let [snapshotBytes, takeMs, takeMsMax, restoreMs] = [0, 0, 0, 0];
  for (const { rules } of feeds) {
    const beganMs = performance.now();
    const snapshot = takeSnapshot(rules);
    const tookMs = performance.now() - beganMs;
    takeMs += tookMs;
    takeMsMax = Math.max(takeMsMax, tookMs);
    snapshotBytes += snapshot.rules.length + snapshot.presence.length;
    const restoreBeganMs = performance.now();
    restoreSnapshot(snapshot, { lane: rules.lane, catalog, stopwatch: threadStopwatch });
    restoreMs += performance.now() - restoreBeganMs;
  }
  return {
    devices,
    rules: sumOf(counts),
    over,
    lanes: PARTITIONS,
    heapMiB: after.heap - before.heap,
    rssMiB: after.rss,
    rssBeforeMiB: before.rss,
    bytesPerDevice: ((after.heap - before.heap) * MIB) / devices,
    bytesPerDeviceAndRule: ((after.heap - before.heap) * MIB) / devices / sumOf(counts),
    snapshotMiB: snapshotBytes / MIB,
    snapshotMs: takeMs,
    snapshotMsOfLargestLane: takeMsMax,
    restoreMs,
  };
}

process.send?.(measure(JSON.parse(process.argv[2] ?? "{}") as MemorySpec));
process.disconnect?.();
