// Care for the rejects of a domain: room is made in time, and what goes is told.
import type { GatewayRule } from "../../../contracts/messages/alert.ts";
import type { DroppedRejects } from "../../../contracts/messages/reject.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import type { ConditionAlerts } from "./condition-alerts.ts";
import { makeRoom } from "./reject-room.ts";

const RULE: GatewayRule = "rejects_dropped";
/** An alert is over when nothing of its device had to go for this long. */
const QUIET_MS = 3_600_000;
/** Devices that are told in one run, those that lost most. */
const TOLD_AT_ONCE = 20;
/** Devices and reasons on `/status`. */
const SHOWN_MAX = 20;

export interface RejectKeeperParts {
  readonly connection: NatsConnection;
  /** The owner of the rejects: `hub` or a region. */
  readonly domain: string;
  readonly alerts: Pick<ConditionAlerts, "set" | "openKeys">;
  readonly logger: Logger;
}

/** Counts by device and reason, over the whole time that rejects are kept. */
export interface RejectsDropped {
  readonly total: number;
  readonly most: readonly DroppedRejects[];
}

export class RejectKeeper {
  readonly #parts: RejectKeeperParts;
  /** Devices with an open alert, and when something of them went last, epoch ms; null until they are read. */
  #told: Map<string, number> | null = null;
  #dropped: RejectsDropped = { total: 0, most: [] };
  #bytesMax: number | null = null;

  constructor(parts: RejectKeeperParts) {
    this.#parts = parts;
  }

  get dropped(): RejectsDropped {
    return this.#dropped;
  }

  /** The bound of the rejects in bytes, as it was looked at last. */
  get bytesMax(): number | null {
    return this.#bytesMax;
  }

  /** @throws AppError (retry) if the server does not answer; what is done by then is done. */
  async look(nowMs: number): Promise<void> {
    const { connection, domain, alerts, logger } = this.#parts;
    const told = (this.#told ??= new Map(
      (await alerts.openKeys(RULE)).map((device) => [device, nowMs] as const),
    ));
    const { dropped, record, bytesMax } = await makeRoom(connection, domain, nowMs);
    this.#bytesMax = bytesMax;
    const total = record.dropped.reduce((sum, one) => sum + one.forRoom + one.byAge, record.others);
    this.#dropped = { total, most: record.dropped.slice(0, SHOWN_MAX) };
    if (dropped.length > 0)
      logger.error(
        { dropped: dropped.slice(0, SHOWN_MAX) },
        "rejects are gone that nobody replayed",
      );
    const byDevice = Map.groupBy(
      dropped.filter(({ forRoom }) => forRoom > 0),
      ({ device }) => device,
    );
    const most = [...byDevice].sort(([, a], [, b]) => roomOf(b) - roomOf(a)).slice(0, TOLD_AT_ONCE);
    for (const [device] of most) {
      const own = record.dropped.filter((one) => one.device === device && one.forRoom > 0);
      await this.#tell({ device, holds: true, own, nowMs });
      told.set(device, nowMs);
    }
    for (const [device, atMs] of told) {
      if (nowMs - atMs < QUIET_MS) continue;
      await this.#tell({ device, holds: false, own: [], nowMs });
      told.delete(device);
    }
  }

  #tell(of: {
    device: string;
    holds: boolean;
    own: readonly DroppedRejects[];
    nowMs: number;
  }): Promise<void> {
    const { device, holds, own, nowMs } = of;
    const reasons = [...Map.groupBy(own, ({ reason }) => reason)].map(
      ([reason, each]) => `${roomOf(each).toLocaleString("en")} ${reason}`,
    );
    return this.#parts.alerts.set({
      rule: RULE,
      key: device,
      holds,
      atMs: nowMs,
      value: roomOf(own),
      severity: "critical",
      message: holds
        ? `${device}: its oldest rejects were dropped to make room (${reasons.join(", ")})`
        : `${device}: no reject was dropped for an hour, resolved`,
    });
  }
}

const roomOf = (dropped: readonly DroppedRejects[]): number =>
  dropped.reduce((sum, { forRoom }) => sum + forRoom, 0);
