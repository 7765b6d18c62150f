// How the walls of the nats-servers are taken out of their printed configurations. Pure.
import { apiOfAccount } from "../../../platform/nats/topology/crossings.ts";
import { HUB_USERS, REGION_USERS } from "../../../platform/nats/topology/permissions.ts";
import { domainsOf } from "../../../platform/nats/topology/topology.ts";
import type { WallName } from "../attempt.ts";
import {
  mergeAccounts,
  moveUser,
  withMappings,
  withoutConnectionTypes,
  withoutDeniedImports,
  withoutGates,
} from "../rewrite.ts";
import { REGIONS } from "./profiles.ts";

/** The account that owns the streams. */
const OWNER = "APP";

/** A hub whose mirrors, and copies for regions, are all among its own streams: as the hub was before. */
export function withOneAccount(written: string, regions: readonly string[]): string {
  const options = { regions, partitions: 1, logBytesMax: 1 };
  const others = domainsOf(options).filter(
    ({ account, name }) => name === "hub" && account !== OWNER,
  );
  const merged = mergeAccounts(
    written,
    OWNER,
    others.map(({ account }) => account),
  );
  const mirrors = others.filter(({ account }) => account.startsWith("IN_"));
  return withMappings(merged, {
    ...Object.fromEntries(others.map(({ account }) => [`${apiOfAccount(account)}.>`, "$JS.API.>"])),
    // So that the topology tool does not take them for what is to be moved.
    ...Object.fromEntries(
      mirrors
        .flatMap(({ streams }) => streams)
        .map(({ name }) => [`$JS.hub.API.STREAM.INFO.${name}`, "$JS.API.STREAM.INFO.none"]),
    ),
  });
}

/** A printed configuration without some of its walls. */
export function rewritten(
  written: string,
  of: "hub" | "region",
  without: ReadonlySet<WallName>,
): string {
  const users = (of === "hub" ? HUB_USERS : REGION_USERS).filter((user) => user !== "admin");
  let text = written;
  if (without.has("accounts")) for (const user of users) text = moveUser(text, user, OWNER);
  if (of === "region") return without.has("leaf-accounts") ? withoutDeniedImports(text) : text;
  if (without.has("hub-mirrors") || without.has("leaf-accounts"))
    text = withOneAccount(text, REGIONS);
  for (const region of REGIONS) {
    if (without.has("leaf-accounts")) text = moveUser(text, `leaf-${region}`, OWNER);
    else if (without.has("leaf-only")) text = withoutConnectionTypes(text, `leaf-${region}`);
  }
  // No leaf is an administrator; for its password to be worth something there, that has to be out as well.
  if (without.has("leaf-only")) text = withoutConnectionTypes(text, "admin");
  return without.has("leaf-accounts") ? withoutGates(text) : text;
}
