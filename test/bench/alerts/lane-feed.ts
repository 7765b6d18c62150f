// One lane's rules in this process, fed with frames as a gateway makes them; no servers.
import { threadStopwatch } from "../../../platform/runtime/stopwatch.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../contracts/rules/compile-rule.ts";
import { type Frame, decodeFrame, encodeFrame } from "../../../contracts/messages/frame.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { LaneRules } from "../../../gateway/alerting/lane/lane-rules.ts";
import { EMPTY_LANE, judgeFrame } from "../../../platform/nats/lanes/lane.ts";
import { readingOf } from "../drain/backlog.ts";

export interface LaneLoad {
  readonly partition: number;
  readonly partitions: number;
  /** Over all lanes. */
  readonly devices: number;
  readonly ratePerSecond: number;
  readonly perFrame: number;
}

/** Any time will do: rules know none but what the log says. */
const START_MS = 1_700_000_000_000;

/** Makes the frames of a lane, encoded, and evaluates decoded ones. */
export class LaneFeed {
  readonly rules: LaneRules;
  readonly #load: LaneLoad;
  readonly #sequences = new Map<string, number>();
  #state = EMPTY_LANE;
  #total = 0;
  #made = 0;
  #seq = 0;

  constructor(load: LaneLoad, catalog: Catalog, rules: readonly Rule[]) {
    this.#load = load;
    const lane = { region: "eu", partition: load.partition };
    this.rules = new LaneRules(lane, catalog, threadStopwatch);
    this.rules.update(
      rules.map((rule) => compileRule(rule, catalog)),
      0,
    );
  }

  makeFrames(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.#makeFrame());
  }

  #makeFrame(): Uint8Array {
    const { devices, partitions, partition, perFrame, ratePerSecond } = this.#load;
    const perMs = ratePerSecond / partitions / 1_000;
    const of = { contract: "environment", devices, partitions };
    const readings = Array.from({ length: perFrame }, (_, at) => {
      const index = this.#total + at;
      return readingOf(of, partition, index, START_MS + index / perMs, this.#sequences);
    });
    this.#total += perFrame;
    const clock = Math.floor(START_MS + this.#total / perMs) + 3;
    const count = { n: ++this.#made, count: perFrame, total: this.#total };
    return encodeFrame({ v: 1, gateway: "bench", epoch: "1", ...count, clock }, readings);
  }

  decode(frames: readonly Uint8Array[]): Frame[] {
    return frames.map(decodeFrame);
  }

  /** @throws Error if a rule fires or a reading is not evaluated: then something else was measured. */
  evaluate(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const verdict = judgeFrame(this.#state, frame.header, frame.header.clock);
      if (verdict.kind !== "new") throw new Error(`a frame is ${verdict.kind}`);
      this.#state = verdict.state;
      const [alert] = this.rules.applyFrame(frame, ++this.#seq, verdict.state);
      if (alert) throw new Error(`${alert.rule} fires: ${alert.message}`);
    }
    const { late, repeated, unevaluated } = this.rules.counters;
    if (late + repeated + unevaluated > 0) throw new Error("readings were not evaluated");
  }
}
