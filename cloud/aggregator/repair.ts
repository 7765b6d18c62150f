// The repair job: recomputes from raw points the finals that late readings have made wrong.
//
// P1. A group is reported as repaired only after InfluxDB acknowledged its finals; a crash or an
//     InfluxDB that is away leaves its marks, and repeating a repair writes nothing new.
// P2. One run at a time repairs at most GROUPS_PER_RUN groups of a lane, so it never starves the lanes.
import {
  MINUTE,
  type RollupWindow,
  TEN_SECONDS,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../contracts/names/measurements.ts";
import { type InfluxClient, type Row, quote, quoteName } from "../sinks/influx/client.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { InfluxSink, Writer } from "./influx-sink.ts";
import type { ContractPlan } from "./plan.ts";
import { type RollupPoints, storedTag } from "./point.ts";
import { recompute, revise } from "./recompute.ts";
import type { RepairGroup } from "./repair-marks.ts";

const GROUPS_PER_RUN = 500;

/** What the job needs of a lane. */
export interface RepairableLane {
  readonly region: string;
  readonly lease: Writer;
  repairsDue(groupsMax: number): RepairGroup[];
  planOf(contract: string): ContractPlan | undefined;
  repaired(group: RepairGroup): void;
}

export class Repair {
  readonly #influx: Pick<InfluxClient, "query">;
  readonly #sink: Pick<InfluxSink, "put">;
  readonly #logger: Logger;
  /** Finals written again since the start. */
  rollupsRevised = 0;

  constructor(influx: Pick<InfluxClient, "query">, sink: Pick<InfluxSink, "put">, logger: Logger) {
    this.#influx = influx;
    this.#sink = sink;
    this.#logger = logger;
  }

  /** Repairs what is due; what fails is due again the next time. */
  async run(lanes: readonly RepairableLane[]): Promise<void> {
    for (const lane of lanes)
      for (const group of lane.repairsDue(GROUPS_PER_RUN)) {
        if (lane.lease.signal.aborted) break;
        try {
          await this.#repair(lane, group);
        } catch (error) {
          this.#logger.warn({ group }, `repair failed, will retry: ${messageOf(error)}`);
          return;
        }
      }
  }

  async #repair(lane: RepairableLane, group: RepairGroup): Promise<void> {
    const { signal } = lane.lease;
    const plan = lane.planOf(group.contract);
    if (!plan) throw new Error(`contract ${group.contract} is unknown`);
    const lines = await this.#revisions(plan, lane.region, group);
    if (lines.length === 0) return lane.repaired(group);
    if (signal.aborted) return; // Its event has been, so nothing would end the wait below.
    await new Promise<void>((resolve) => {
      const over = (): void => {
        signal.removeEventListener("abort", over);
        resolve();
      };
      signal.addEventListener("abort", over);
      const acknowledged = (): void => {
        lane.repaired(group); // P1
        this.rollupsRevised += lines.length;
        over();
      };
      void this.#sink.put({ lines, acknowledged }, lane.lease);
    });
  }

  async #revisions(plan: ContractPlan, region: string, group: RepairGroup): Promise<string[]> {
    const { contract, key, minutes } = group;
    const fromMs = Math.min(...minutes);
    const toMs = Math.max(...minutes) + MINUTE.sizeMs;
    const rowsOf = (measurement: string): Promise<Row[]> =>
      this.#influx.query(
        `SELECT * FROM ${quoteName(measurement)} WHERE "region" = ${quote(region)}` +
          ` AND ${quoteName(seriesTag(plan.contract))} = ${quote(storedTag(key))}` +
          ` AND time >= ${fromMs}ms AND time < ${toMs}ms`,
      );
    const finalsOf = async (window: RollupWindow): Promise<Map<number, Row>> => {
      const rows = await rowsOf(rollupMeasurement(contract, window.name, "final"));
      return new Map(rows.map((row) => [Date.parse(String(row["time"])), row]));
    };
    const raw = await rowsOf(rawMeasurement(contract));
    const stored = { tenSeconds: await finalsOf(TEN_SECONDS), minute: await finalsOf(MINUTE) };
    const lines: string[] = [];
    const add = (points: RollupPoints, rollup: Parameters<typeof revise>[1], old?: Row): void => {
      const line = revise(points, rollup, old);
      if (line !== null) lines.push(line);
    };
    for (const minute of recompute(plan, key, raw)) {
      if (!minutes.includes(minute.startMs)) continue;
      for (const part of minute.parts)
        add(plan.series.tenSeconds, part, stored.tenSeconds.get(part.startMs));
      add(plan.series.minute, minute.rollup, stored.minute.get(minute.startMs));
    }
    return lines;
  }
}
