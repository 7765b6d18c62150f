// Tells contests of client ids as alerts, once each, and that they are over.
import type { GatewayRule } from "../../contracts/messages/alert.ts";
import type { ConditionAlerts } from "../../platform/nats/lanes/condition-alerts.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Contest, ContestedIds } from "./contested-ids.ts";

const RULE: GatewayRule = "client_id_contested";
const LOOK_EVERY_MS = 1_000;
/** Alerts that may be open at once; further contests are on `/status` and in the log only. */
const OPEN_MAX = 100;

export interface ContestAlertsParts {
  readonly contestedIds: ContestedIds;
  readonly alerts: Pick<ConditionAlerts, "set" | "openKeys">;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. */
export async function tellContests(parts: ContestAlertsParts, signal: AbortSignal): Promise<void> {
  const { contestedIds, alerts, logger } = parts;
  /** Client ids whose alert is open; those of a former process are found in the stream. */
  let open: Set<string> | null = null;
  while (!signal.aborted) {
    try {
      open ??= new Set(await alerts.openKeys(RULE));
      const nowMs = Date.now();
      const contests = new Map(contestedIds.contests(nowMs).map((one) => [one.clientId, one]));
      for (const [clientId, contest] of contests) {
        if (open.has(clientId) || open.size >= OPEN_MAX) continue;
        logger.warn(contest, "clients take a client id from each other");
        await alerts.set(firing(contest, nowMs));
        open.add(clientId);
      }
      for (const clientId of open) {
        if (contests.has(clientId)) continue;
        await alerts.set(resolved(clientId, nowMs));
        open.delete(clientId);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (dispositionOf(error) !== "retry") throw error;
      logger.warn(`contests of client ids not told, will retry: ${messageOf(error)}`);
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
}

const firing = ({ clientId, takeovers, addresses }: Contest, atMs: number) => ({
  rule: RULE,
  key: clientId,
  holds: true,
  atMs,
  value: takeovers,
  message:
    `${clientId}: clients take this client id from each other, ${takeovers} times a minute, ` +
    `at ${addresses.join(" and ")}; give each a client id of its own`,
});

const resolved = (clientId: string, atMs: number) => ({
  rule: RULE,
  key: clientId,
  holds: false,
  atMs,
  value: 0,
  message: `${clientId}: nobody else takes this client id any more, resolved`,
});
