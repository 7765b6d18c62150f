// How many rules one core evaluates in a second: a lane by itself, in a process of its own.
//
// Time is this process's CPU time, all threads of it, so that collecting garbage is paid for and other
// programs on the same cores are not.
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/schema/catalog.ts";
import { LaneFeed } from "./lane-feed.ts";
import type { Evaluation, EvaluationSpec } from "./in-process.ts";
import { mixedRules, sumOf } from "./rules.ts";

/** What a gateway makes of 10,000 readings a second: see test/bench/README.md. */
const PER_FRAME = 20;
const PARTITIONS = 4;
const FRAMES_AT_ONCE = 100;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

function measure({ counts, over, devices, seconds, warmupSeconds }: EvaluationSpec): Evaluation {
  const load = { partition: 0, partitions: PARTITIONS, devices, ratePerSecond: 10_000 };
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const feed = new LaneFeed({ ...load, perFrame: PER_FRAME }, catalog, mixedRules(counts, over));
  const spent = { decodeMs: 0, evaluateMs: 0, readings: 0, wallMs: 0 };
  const turn = (): void => {
    const encoded = feed.makeFrames(FRAMES_AT_ONCE);
    const [beganMs, beganWallMs] = [cpuMs(), performance.now()];
    const frames = feed.decode(encoded);
    const decodedMs = cpuMs();
    feed.evaluate(frames);
    spent.decodeMs += decodedMs - beganMs;
    spent.evaluateMs += cpuMs() - decodedMs;
    spent.wallMs += performance.now() - beganWallMs;
    spent.readings += FRAMES_AT_ONCE * PER_FRAME;
  };
  const during = (wanted: number): void => {
    Object.assign(spent, { decodeMs: 0, evaluateMs: 0, readings: 0, wallMs: 0 });
    while (spent.decodeMs + spent.evaluateMs < wanted * 1_000) turn();
  };
  during(warmupSeconds);
  during(seconds);
  const rules = sumOf(counts);
  const evaluations = spent.readings * rules;
  const withDecodeMs = spent.decodeMs + spent.evaluateMs;
  return {
    rules,
    devices,
    over,
    readings: spent.readings,
    evaluationsPerSecond: evaluations / (spent.evaluateMs / 1_000),
    evaluationsPerSecondWithDecode: evaluations / (withDecodeMs / 1_000),
    evaluationsPerSecondWithDecodeWall: evaluations / (spent.wallMs / 1_000),
    readingsPerSecondWithDecode: spent.readings / (withDecodeMs / 1_000),
  };
}

process.send?.(measure(JSON.parse(process.argv[2] ?? "{}") as EvaluationSpec));
process.disconnect?.();
