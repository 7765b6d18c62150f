// Backups by the clock, until somebody says stop.
import cron from "node-cron";
import { messageOf } from "../../../platform/runtime/errors.ts";

/** Works at each time of a cron expression, seconds first if it has six fields; what fails is said, and the next one comes. */
export async function onSchedule(
  expression: string,
  work: () => Promise<void>,
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  let running = Promise.resolve();
  const once = async (): Promise<void> => {
    const done = work().catch((error: unknown) =>
      say(`not backed up, will try at the next time: ${messageOf(error)}`),
    );
    running = done;
    await done;
  };
  const task = cron.schedule(expression, once, { noOverlap: true });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stop(), { once: true });
  await stopped;
  await task.destroy();
  await running;
}
