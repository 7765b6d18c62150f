// A process that somebody keeps running, as systemd does: whenever it ends, it is started again.
import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "./services.ts";

const LOOK_EVERY_MS = 50;

export interface Kept extends AsyncDisposable {
  /** Times that it was started again. */
  readonly restarts: number;
}

export function keep(service: Service): Kept {
  let [isOver, restarts] = [false, 0];
  const keeping = (async () => {
    while (!isOver) {
      if (service.process.exited) {
        restarts += 1;
        await service.process.start().catch(() => undefined);
      }
      await sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    get restarts() {
      return restarts;
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await keeping;
      await service.process.kill();
    },
  };
}
