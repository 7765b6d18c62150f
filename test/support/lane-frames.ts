// Frames of one lane as decoded values, for tests that need no server.
import type { Frame, FrameReading } from "../../contracts/messages/frame.ts";
import type { LaneId } from "../../contracts/names/subjects.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { compileRule } from "../../contracts/rules/compile-rule.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Rule } from "../../contracts/rules/rule.ts";
import { LaneRules } from "../../gateway/alerting/lane/lane-rules.ts";
import { EMPTY_LANE, judgeFrame } from "../../platform/nats/lanes/lane.ts";
import type { Stopwatch } from "../../platform/runtime/stopwatch.ts";

/** No rule takes any time. */
export const STILL: Stopwatch = { nowMs: () => 0, ranMs: () => 0 };

export type TestReading = Pick<FrameReading, "device" | "contract" | "payload"> &
  Partial<FrameReading>;

/** A lane and its rules, fed frame by frame. */
export class LaneUnderTest {
  /** Another one after a restart. */
  rules: LaneRules;
  readonly #catalog: Catalog;
  #state = EMPTY_LANE;
  #seq = 0;
  #n = 0;
  #epoch = 1;

  constructor(
    catalog: Catalog,
    rules: readonly Rule[],
    of: { lane?: LaneId; stopwatch?: Stopwatch } = {},
  ) {
    const { lane = { region: "eu", partition: 0 }, stopwatch = STILL } = of;
    this.#catalog = catalog;
    this.rules = new LaneRules(lane, catalog, stopwatch);
    this.setRules(rules);
  }

  get seq(): number {
    return this.#seq;
  }

  setRules(rules: readonly Rule[]): Alert[] {
    const compiled = rules.map((rule) => compileRule(rule, this.#catalog));
    return this.rules.update(compiled, this.#seq);
  }

  /** The gateway starts anew. */
  restartGateway(): void {
    [this.#n, this.#epoch] = [0, this.#epoch + 1];
  }

  /** The next frame, at `clockMs` of its gateway; readings arrived then unless they say otherwise. */
  frame(clockMs: number, ...readings: readonly TestReading[]): Alert[] {
    this.#seq += 1;
    this.#n += 1;
    const count = readings.length;
    const header = {
      v: 1,
      gateway: "g",
      epoch: `e${this.#epoch}`,
      n: this.#n,
      count,
      total: count,
      clock: clockMs,
    };
    const frame: Frame = {
      header,
      readings: readings.map((reading) => ({
        version: 1,
        receivedAtMs: clockMs,
        traceparent: null,
        ...reading,
      })),
    };
    const verdict = judgeFrame(this.#state, header, clockMs);
    if (verdict.kind !== "new") throw new Error(`the frame is ${verdict.kind}`);
    this.#state = verdict.state;
    return this.rules.applyFrame(frame, this.#seq, verdict.state);
  }
}

/** Alerts as `rule key state`. */
export const brief = (alerts: readonly Alert[]): string[] =>
  alerts.map(({ rule, key, state }) => `${rule} ${key} ${state}`);
