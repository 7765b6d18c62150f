// A record that stops the copies of the region's log: an empty message with the header of a flow control, which mirrors of
// older nats-servers (before 2.12) take for one of their own, and never store. Whoever has a gateway's password can write one;
// it is no reading. It is looked for just behind what the hub has, removed from the log, and told.
import type { GatewayRule } from "../../contracts/messages/alert.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { ConditionAlerts } from "../../platform/nats/lanes/condition-alerts.ts";
import { readCopy } from "../../platform/nats/lanes/copies.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const RULE: GatewayRule = "copy_stopped";
const LOOK_EVERY_MS = 5_000;
/** Records that are removed in one look. */
const REMOVED_AT_ONCE = 1_000;

export interface StoppedCopyParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly alerts: Pick<ConditionAlerts, "set" | "openKeys">;
  readonly logger: Logger;
}

/** Looks again and again until `signal` aborts. Several gateways may do so: it is idempotent. */
export async function freeCopies(parts: StoppedCopyParts, signal: AbortSignal): Promise<void> {
  const { alerts, logger } = parts;
  let isOpen: boolean | null = null;
  let removedSeq = 0;
  while (!signal.aborted) {
    try {
      isOpen ??= (await alerts.openKeys(RULE)).length > 0;
      const found = await lookOnce(parts);
      if (found.removed.length > 0) {
        removedSeq = found.removed.at(-1)!;
        logger.error(
          found,
          "records stopped the copies of the log, and were removed: they were no readings",
        );
        await alerts.set(firing(parts, found.removed.length));
        isOpen = true;
      } else if (isOpen && found.copySeq > removedSeq) {
        await alerts.set(resolved(parts));
        isOpen = false;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (dispositionOf(error) !== "retry") throw error;
      logger.info(`copies of the log not looked after, will retry: ${messageOf(error)}`);
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
}

/** Removes what stands just behind the hub's copy. */
async function lookOnce({ connection, region }: StoppedCopyParts) {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const copySeq = (await readCopy(streams, region))?.seq ?? 0;
  const removed: number[] = [];
  for (let seq = copySeq + 1; removed.length < REMOVED_AT_ONCE; seq++) {
    if (!(await streams.isControl(stream, seq))) break;
    if (await streams.remove(stream, seq)) removed.push(seq);
  }
  return { copySeq, removed };
}

const firing = ({ region }: StoppedCopyParts, count: number) => ({
  ...{ rule: RULE, key: telemetryStream(region), holds: true, atMs: Date.now(), value: count },
  severity: "critical" as const,
  message:
    `${count} records in ${telemetryStream(region)} stopped its copies and were removed. No gateway writes such: ` +
    "somebody else has the gateway's password. Change it, and upgrade nats-server",
});

const resolved = ({ region }: StoppedCopyParts) => ({
  ...{ rule: RULE, key: telemetryStream(region), holds: false, atMs: Date.now(), value: 0 },
  message: `the hub's copy of ${telemetryStream(region)} goes on, resolved`,
});
