// The repair job: recomputes from stored readings the finals that late readings have made wrong.
//
// G1. A group is reported as repaired only after the sink acknowledged all of its finals; a crash or a
//     store that is away leaves its marks, and repeating a repair writes nothing new.
// G2. One run at a time repairs at most GROUPS_PER_RUN groups of a lane, so it never starves the lanes.
// G3. With a sink that cannot be read back nothing can be recomputed: finals stay as they were, and the
//     marks go, because they would hold back the position for ever.
// G4. A group whose questions the sink refuses for good is set aside, its marks go, and the next one follows.
//     A sink that is away ends the run; one question that it does not answer costs the others nothing.
// G5. Rollups of hours and days that hold what was repaired are merged once more before the group counts as repaired.
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { SettingAside, Unhandled } from "../../platform/nats/lanes/set-aside.ts";
import { isOfRecord, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { RollupEffect } from "../sinks/effects.ts";
import type { Sink, Writer } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { putUntilStored } from "./put-until-stored.ts";
import type { RepairGroup } from "./repair-marks.ts";
import { revisions } from "./revisions.ts";

const GROUPS_PER_RUN = 500;
/** Groups in a row without an answer after which the sink counts as away. */
const UNANSWERED_MAX = 3;

/** The part of a lane that the job needs. */
export interface RepairableLane {
  readonly region: string;
  /** The subject of its frames. */
  readonly subject: string;
  readonly lease: Writer;
  /** True while rollups of it are written again: by the jobs that do so. */
  isRepaired?: boolean;
  /** True once others go on with what it has open. */
  readonly hasEnded?: boolean;
  repairsDue(groupsMax: number): RepairGroup[];
  layoutOf(contract: string): ContractLayout | undefined;
  repaired(group: RepairGroup): void;
}

/** Merges again the rollups of the hour and day of a group; false if the lane was lost before they were stored. */
export type MergeLonger<Lane> = (lane: Lane, group: RepairGroup) => Promise<boolean>;

const nothingLonger = (): Promise<boolean> => Promise.resolve(true);

export class Repair<Lane extends RepairableLane = RepairableLane> {
  readonly #sink: Pick<Sink, "put" | "repairSource">;
  readonly #logger: Logger;
  readonly #mergeLonger: MergeLonger<Lane>;
  /** Finals written again since the start. */
  rollupsRevised = 0;

  constructor(
    sink: Pick<Sink, "put" | "repairSource">,
    logger: Logger,
    mergeLonger: MergeLonger<Lane> = nothingLonger,
  ) {
    this.#sink = sink;
    this.#logger = logger;
    this.#mergeLonger = mergeLonger;
  }

  /** Repairs what is due; what fails is due again the next time. */
  async run(lanes: readonly Lane[], setAside: Pick<SettingAside, "put">): Promise<void> {
    let unanswered = 0;
    for (const lane of lanes)
      for (const group of lane.repairsDue(GROUPS_PER_RUN)) {
        if (lane.lease.signal.aborted || lane.hasEnded) break;
        try {
          await this.#repair(lane, group);
          unanswered = 0;
        } catch (error) {
          if (!isOfRecord(error)) {
            this.#logger.warn({ group }, `repair failed, will retry: ${messageOf(error)}`);
            if ((unanswered += 1) === UNANSWERED_MAX) return; // G4
            continue;
          }
          await setAside.put(unrepaired(lane, group, error));
          lane.repaired(group); // G4
        }
      }
  }

  /** Repairs a group that was set aside. @returns what is wrong with it, or null once it is stored (G1). */
  async again(lane: Lane, group: RepairGroup): Promise<string | null> {
    try {
      const isStored = await this.#repair(lane, group);
      return isStored ? null : "its lane was passed on meanwhile: try again";
    } catch (error) {
      return messageOf(error);
    }
  }

  /** False if the lane was lost before the sink had acknowledged. */
  async #repair(lane: Lane, group: RepairGroup): Promise<boolean> {
    lane.isRepaired = true;
    try {
      return await this.#revise(lane, group);
    } finally {
      lane.isRepaired = false;
    }
  }

  async #revise(lane: Lane, group: RepairGroup): Promise<boolean> {
    const { repairSource } = this.#sink;
    if (!repairSource) {
      this.#logger.warn({ group }, "late readings change no rollup: the sink cannot be read back");
      lane.repaired(group); // G3
      return true;
    }
    const { region, lease } = lane;
    const layout = lane.layoutOf(group.contract);
    if (!layout) throw new Error(`contract ${group.contract} is unknown`);
    for await (const rollups of revisions(repairSource, { layout, region, group }))
      if (lease.signal.aborted || !(await this.#put(lane, rollups))) return false;
    if (lease.signal.aborted || !(await this.#mergeLonger(lane, group))) return false; // G5
    lane.repaired(group); // G1
    return true;
  }

  async #put(lane: RepairableLane, rollups: RollupEffect[]): Promise<boolean> {
    const isStored = await putUntilStored(this.#sink, lane, rollups);
    if (isStored) this.rollupsRevised += rollups.length;
    return isStored;
  }
}

/** The record of a group that cannot be repaired. */
export function unrepaired(
  { region, subject }: RepairableLane,
  group: RepairGroup,
  why: unknown,
): Unhandled {
  const { asOfSeq: _, ...what } = group;
  const part = `${group.contract} ${group.key} ${group.hourMs}`;
  const place = { stream: telemetryStream(region), subject, part };
  const data = Buffer.from(JSON.stringify({ ...what, asOfSeq: 0 }));
  return { kind: "repair", reason: "refused", why, place, data };
}
