// The gateway's care for the region's rejects, while it stores some and now and then.
//
// B1. It looks again after each small share of the bound, however fast rejects come: the server would make room its own
//     way, without a count, only once they had outgrown the share that is always kept free (reject-room.ts/F2).
import type { RejectKeeper } from "../../platform/nats/lanes/reject-keeper.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const LOOK_EVERY_MS = 5_000;
/** A share of the bound, so small that several gateways together stay far from it (B1). */
const LOOK_AFTER_SHARE = 0.02;
/** Without a new reject it is looked this seldom, for those that grow too old. */
const LOOKS_PER_IDLE_RUN = 60;

export interface KeepRejectsParts {
  readonly rejectKeeper: Pick<RejectKeeper, "look" | "bytesMax">;
  readonly rejectLog: Pick<RejectLog, "stored" | "storedBytes" | "grown">;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. */
export async function keepRejects(parts: KeepRejectsParts, signal: AbortSignal): Promise<void> {
  const { rejectKeeper, rejectLog, logger } = parts;
  let lookedAt = -1;
  let idleLooks = 0;
  while (!signal.aborted) {
    const { stored, storedBytes } = rejectLog;
    if (stored !== lookedAt || ++idleLooks >= LOOKS_PER_IDLE_RUN)
      try {
        await rejectKeeper.look(Date.now());
        [lookedAt, idleLooks] = [stored, 0];
      } catch (error) {
        if (signal.aborted) return;
        if (dispositionOf(error) !== "retry") throw error;
        logger.warn(`rejects not looked after, will retry: ${messageOf(error)}`);
      }
    const enough = LOOK_AFTER_SHARE * (rejectKeeper.bytesMax ?? Infinity);
    await rejectLog.grown(storedBytes + enough, LOOK_EVERY_MS, signal); // B1
  }
}
