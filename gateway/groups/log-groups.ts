// The groups that read the region's log, as clients of this gateway ask for them.
import type { LogGroupStatus } from "../../contracts/messages/status.ts";
import { type LogFilter, logFilter } from "../../contracts/names/topics.ts";
import { textProblem } from "../../contracts/names/text.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import {
  GROUPS,
  type GroupPlace,
  countGroups,
  groupPart,
} from "../../platform/nats/lanes/group-places.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { LogGroupName, LogReading, LogRefusal, LogSeat } from "../broker/log-reading.ts";
import { LogGroup } from "./log-group.ts";
import { placeSince, sinceMs } from "./since.ts";

/** The name of a group is a part of a key, escaped, and so is its filter. */
const GROUP_BYTES_MAX = 64;
const FILTER_BYTES_MAX = 256;
const ASK_WITHIN_MS = 2_000;

export interface LogGroupsParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly catalog: Pick<Catalog, "get">;
  readonly logger: Logger;
  /** Groups of the region that may have a place. */
  readonly logGroupsMax: number;
}

/** A group of which this gateway has members, or had some. */
interface Known {
  readonly name: string;
  readonly filter: string;
  readonly group: LogGroup;
}

export class LogGroups implements LogReading {
  readonly #parts: LogGroupsParts;
  readonly #known = new Map<string, Known>();
  readonly #ended = { delivered: 0, acknowledged: 0 };
  /** Frames that groups lost to retention, found here since the start. */
  #lostFrames = 0;

  constructor(parts: LogGroupsParts) {
    this.#parts = parts;
  }

  get delivered(): number {
    return this.#sum("delivered");
  }

  get acknowledged(): number {
    return this.#sum("acknowledged");
  }

  get lostFrames(): number {
    return this.#lostFrames;
  }

  /** Those that have members here. */
  get status(): LogGroupStatus[] {
    return [...this.#known.values()].map(({ name, filter, group }) => ({
      group: name,
      filter,
      members: group.members,
      reading: group.figures,
    }));
  }

  async open(of: LogGroupName, since: string | undefined): Promise<LogRefusal | null> {
    const problem = nameProblemOf(of);
    if (problem !== null) return { reason: "filter_invalid", detail: problem };
    let fromMs: number | null;
    try {
      fromMs = sinceMs(since);
    } catch (error) {
      return { reason: "since_invalid", detail: messageOf(error) };
    }
    try {
      return await this.#open(of, fromMs);
    } catch (error) {
      const detail = `the region's log does not answer: ${messageOf(error)}`;
      this.#parts.logger.warn({ group: of.group }, detail);
      return { reason: "log_unavailable", detail };
    }
  }

  async #open(of: LogGroupName, fromMs: number | null): Promise<LogRefusal | null> {
    const { connection, region, logGroupsMax: groupsMax, logger } = this.#parts;
    const lane = { region, partition: 0 };
    const positions = await this.#positionsOf(of);
    if (await positions.load(lane)) return null;
    const groups = await countGroups(connection, ASK_WITHIN_MS);
    if (groups >= groupsMax) {
      const detail = `${groups} groups read the log of ${region}, and SKERRY_LOG_GROUPS_MAX is ${groupsMax}: remove one with skerry groups remove`;
      return { reason: "group_quota", detail };
    }
    const place = await placeSince(connection, region, fromMs);
    try {
      await positions.save(lane, place);
      logger.info({ group: of.group, filter: logFilter(of.filter), ...place }, "a group begins");
    } catch (error) {
      // Another gateway may have made it at the same moment.
      if (!(await positions.load(lane))) throw error;
    }
    return null;
  }

  join(of: LogGroupName, member: string, wake: () => void): LogSeat {
    const filter = logFilter(of.filter);
    const part = groupPart({ group: of.group, filter });
    let known = this.#known.get(part);
    if (!known) {
      known = { name: of.group, filter, group: this.#make(of, part) };
      this.#known.set(part, known);
    }
    return known.group.join(member, wake);
  }

  #make({ group, filter }: LogGroupName, part: string): LogGroup {
    return new LogGroup({
      ...this.#parts,
      ...{ group, filter, operator: `${GROUPS}/${part}` },
      positions: () => this.#positionsOf({ group, filter }),
      lost: (frames) => (this.#lostFrames += frames),
      ended: () => this.#forget(part),
    });
  }

  /** Its last member has left, and its place is saved. */
  #forget(part: string): void {
    const known = this.#known.get(part);
    if (!known) return;
    this.#known.delete(part);
    this.#ended.delivered += known.group.delivered;
    this.#ended.acknowledged += known.group.acknowledged;
  }

  #positionsOf({ group, filter }: { group: string; filter: LogFilter }) {
    const part = groupPart({ group, filter: logFilter(filter) });
    return Positions.open<GroupPlace>(this.#parts.connection, GROUPS, { part });
  }

  #sum(what: "delivered" | "acknowledged"): number {
    let sum = this.#ended[what];
    for (const { group } of this.#known.values()) sum += group[what];
    return sum;
  }

  /** Ends all of them, so that other gateways can go on at once. */
  async stop(): Promise<void> {
    await Promise.all([...this.#known.values()].map(({ group }) => group.stop()));
  }
}

function nameProblemOf({ group, filter }: LogGroupName): string | null {
  const problem = textProblem(group, GROUP_BYTES_MAX);
  if (problem !== null) return `the name of the group ${problem}`;
  const faulty = textProblem(logFilter(filter), FILTER_BYTES_MAX);
  return faulty === null ? null : `the filter ${faulty}`;
}
