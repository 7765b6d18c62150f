// The level of formats that an installation begins with.
//
// An installation that is made now has no older program in it: it writes at once what its program may write. Streams
// at any of its servers mean that it was there before, also where the hub has lost its own.
import { FORMAT_LEVEL } from "../../runtime/format-level.ts";
import { VERSION } from "../../runtime/version.ts";
import type { NatsConnection } from "../client/connection.ts";
import { writeFleetLevel } from "../client/fleet.ts";
import { administered } from "./places.ts";

/** Whether nothing was ever set up here: to be asked before the first stream is made. */
export async function isNewInstallation(
  connections: Readonly<Record<string, NatsConnection>>,
): Promise<boolean> {
  for (const connection of Object.values(connections)) {
    const manager = await administered(connection);
    const [first] = await manager.streams.names().next();
    if (first !== undefined) return false;
  }
  return true;
}

/** Says at the hub of a new installation that this program's formats may be written, unless somebody has said another level. */
export async function beginAtOwnLevel(hub: NatsConnection): Promise<void> {
  const by = "the first topology apply";
  await writeFleetLevel(hub, { level: FORMAT_LEVEL, by, atMs: Date.now(), version: VERSION }, null);
}
