// Rooms that fill up, as the process beside them measures them: disks, and what JetStream may have of one.
import { statfsSync } from "node:fs";
import type { VolumeSize } from "../../../contracts/messages/status.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { ServerMonitor } from "./server-monitor.ts";

/** The name of what JetStream may have, `max_file` of its server. */
export const JETSTREAM = "jetstream";

/** Directories by name, on disks that are watched. */
export type Disks = Readonly<Record<string, string>>;

/** Parses `nats=/var/lib/nats,influxd=/var/lib/influxdb`. @throws Error with what would be right. */
export function parseDisks(raw: string): Disks {
  const disks: Record<string, string> = {};
  for (const text of raw.split(",").map((one) => one.trim())) {
    if (text === "") continue;
    const [, name, path] = /^([a-z0-9][a-z0-9-]{0,31})=(.+)$/.exec(text) ?? [];
    if (name === undefined || path === undefined || name === JETSTREAM)
      throw new Error(
        `must be name=directory, names in lower-case letters, digits and hyphens (not ${JETSTREAM}), not "${text}"`,
      );
    if (Object.hasOwn(disks, name)) throw new Error(`names ${name} twice`);
    disks[name] = path;
  }
  return disks;
}

export class Volumes {
  readonly #disks: Disks;
  readonly #monitor: Pick<ServerMonitor, "figures">;
  readonly #logger: Logger;
  readonly #unreadable = new Set<string>();

  constructor(disks: Disks, monitor: Pick<ServerMonitor, "figures">, logger: Logger) {
    this.#disks = disks;
    this.#monitor = monitor;
    this.#logger = logger;
  }

  /** Each as it is now; none whose directory is not there. */
  read(): VolumeSize[] {
    const store = this.#monitor.figures?.store;
    const bound: VolumeSize[] =
      store && store.bytesMax > 0
        ? [
            {
              ...{ name: JETSTREAM, usedBytes: store.bytes },
              freeBytes: Math.max(0, store.bytesMax - store.bytes),
            },
          ]
        : [];
    return [...Object.entries(this.#disks).flatMap((one) => this.#disk(one) ?? []), ...bound];
  }

  #disk([name, path]: readonly [string, string]): VolumeSize | null {
    try {
      const { blocks, bfree, bavail, bsize } = statfsSync(path);
      this.#unreadable.delete(name);
      return { name, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
    } catch (error) {
      if (!this.#unreadable.has(name))
        this.#logger.warn(`the disk ${name} is not watched: ${messageOf(error)}`);
      this.#unreadable.add(name);
      return null;
    }
  }
}
