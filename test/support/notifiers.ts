// Notifiers under test, their status, and alerts to tell.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { NotifierStatus } from "../../contracts/messages/status.ts";
import type { NatsWorld } from "./nats.ts";
import { someAlerts } from "./notifications.ts";
import { type Service, makeService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A notifier that is not started yet, at the hub or in a region. */
export async function makeNotifier(
  stack: AsyncDisposableStack,
  world: NatsWorld,
  channels: readonly object[],
  env: Record<string, string> & { place?: string },
): Promise<Service> {
  const { place = "hub", ...rest } = env;
  const directory = stack.use(await temporaryDirectory());
  const file = join(directory.path, "channels.json");
  await writeFile(file, JSON.stringify(channels));
  const server = place === "hub" ? world.hub : world.region(place);
  const notifier = await makeService("cloud/notifier/main.ts", {
    SKERRY_NATS_URL: server.urlOf("notifier"),
    SKERRY_NOTIFIER_PLACE: place === "hub" ? "hub" : "region",
    SKERRY_REGIONS: place === "hub" ? "eu" : place,
    SKERRY_CHANNELS: file,
    ...rest,
  });
  stack.use(notifier.process);
  return notifier;
}

export const stepOf = ({ id, state }: Pick<Alert, "id" | "state">): string => `${id}.${state}`;

/** Alerts that stay: none of them is over before it is told, so that each has a message of its own. */
export const staying = (count: number, prefix = "a"): Partial<Alert>[] =>
  someAlerts(count, prefix).map((alert, at) => ({ ...alert, key: `place-${at}` }));

export const statusOf = async (notifier: Service, channel: string, region = "eu") => {
  const { channels } = await notifier.status<NotifierStatus>();
  return channels.find((one) => one.channel === channel && one.region === region)!;
};
