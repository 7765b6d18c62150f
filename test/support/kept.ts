// A process that somebody keeps running, as systemd does: whenever it ends, it is started again.
import { setTimeout as sleep } from "node:timers/promises";
import type { SimulatorStatus } from "../../contracts/messages/status.ts";
import { eventually } from "./eventually.ts";
import type { Service } from "./services.ts";

const LOOK_EVERY_MS = 50;

interface Kept extends AsyncDisposable {
  /** Times that it was started again. */
  readonly restarts: number;
}

function keep(service: Service): Kept {
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

/**
 * Starts services that are kept running, and devices beside them.
 * @returns what waits until so many more readings of the devices are acknowledged.
 */
export async function startKept(
  stack: AsyncDisposableStack,
  of: {
    readonly services: readonly Service[];
    readonly devices: Service;
    readonly withinMs: number;
  },
): Promise<(count: number) => Promise<void>> {
  const { services, devices, withinMs } = of;
  for (const each of services) {
    await each.process.start();
    stack.use(keep(each));
  }
  stack.use(devices.process);
  await devices.process.start();
  const acknowledged = async (): Promise<number> =>
    (await devices.status<SimulatorStatus>()).acknowledged;
  return async (count) => {
    const before = await acknowledged();
    const isMore = async () => (await acknowledged()) >= before + count;
    await eventually(`${count} more readings are acknowledged`, isMore, withinMs);
  };
}
