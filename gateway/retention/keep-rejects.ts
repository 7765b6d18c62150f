// The gateway's care for the region's rejects, while it stores some and now and then.
import type { RejectKeeper } from "../../platform/nats/lanes/reject-keeper.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const LOOK_EVERY_MS = 5_000;
/** Without a new reject it is looked this seldom, for those that grow too old. */
const LOOKS_PER_IDLE_RUN = 60;

export interface KeepRejectsParts {
  readonly rejectKeeper: RejectKeeper;
  readonly rejectLog: Pick<RejectLog, "stored">;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. */
export async function keepRejects(parts: KeepRejectsParts, signal: AbortSignal): Promise<void> {
  const { rejectKeeper, rejectLog, logger } = parts;
  let lookedAt = -1;
  let idleLooks = 0;
  while (!signal.aborted) {
    const { stored } = rejectLog;
    if (stored !== lookedAt || ++idleLooks >= LOOKS_PER_IDLE_RUN)
      try {
        await rejectKeeper.look(Date.now());
        [lookedAt, idleLooks] = [stored, 0];
      } catch (error) {
        if (signal.aborted) return;
        if (dispositionOf(error) !== "retry") throw error;
        logger.warn(`rejects not looked after, will retry: ${messageOf(error)}`);
      }
    await sleep(LOOK_EVERY_MS, signal);
  }
}
