// How the walls of the nats-servers are taken out of their printed configurations. Pure.
import { HUB_USERS, REGION_USERS } from "../../../platform/nats/topology/permissions.ts";
import type { WallName } from "../attempt.ts";
import { moveUser, withoutConnectionTypes, withoutGates } from "../rewrite.ts";
import { REGIONS } from "./profiles.ts";

/** The account that owns the streams. */
const OWNER = "APP";

/** A printed configuration without some of its walls. */
export function rewritten(
  written: string,
  of: "hub" | "region",
  without: ReadonlySet<WallName>,
): string {
  const users = (of === "hub" ? HUB_USERS : REGION_USERS).filter((user) => user !== "admin");
  let text = written;
  if (without.has("accounts")) for (const user of users) text = moveUser(text, user, OWNER);
  if (of === "region") return text;
  for (const region of REGIONS) {
    if (without.has("leaf-accounts")) text = moveUser(text, `leaf-${region}`, OWNER);
    else if (without.has("leaf-only")) text = withoutConnectionTypes(text, `leaf-${region}`);
  }
  return without.has("leaf-accounts") ? withoutGates(text) : text;
}
