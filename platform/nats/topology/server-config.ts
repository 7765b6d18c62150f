// Configurations of the nats-servers, made from the regions there are. Valid for nats-server 2.9.10
// and newer; addresses and secrets come from the environment, so a configuration can be shown around.
import {
  HUB_USERS,
  type NatsUser,
  type Permissions,
  REGION_USERS,
  hubPermissions,
  leafPermissions,
  regionPermissions,
} from "./permissions.ts";
import { accountOf, hubCrossings, regionCrossings } from "./accounts.ts";
import { type Crossing, HUB_ACCOUNT, leafAccount } from "./crossings.ts";
import { type RegionPairs, copiesIn } from "./pairs.ts";
import {
  type ServerExtras,
  clientTlsText,
  includeText,
  leafTlsText,
  remoteTlsText,
} from "./tls-config.ts";

/** The environment variable with a user's password. It must not look like a number. */
export const passwordVariable = (user: NatsUser | "sys"): string =>
  `NATS_${user.toUpperCase()}_PASSWORD`;

/** The same of a region's leaf connection, at the hub: each region has its own. */
export const leafPasswordVariable = (region: string): string =>
  `NATS_LEAF_${region.toUpperCase().replaceAll("-", "_")}_PASSWORD`;

const quoted = (subjects: readonly string[]): string =>
  subjects.map((subject) => `\n            ${JSON.stringify(subject)}`).join("");

const permissions = (of: Permissions): string => `permissions: {
          publish: { allow: [${quoted(of.publish)}] }
          subscribe: { allow: [${quoted(of.subscribe)}] }
        }`;

/**
 * Without `allow_responses`: the server would remember the reply subject of every message that it
 * delivers, and a drain of the log made it use a whole core for that.
 */
const userOf = (name: NatsUser, of: Permissions | null): string =>
  // No leaf node: whom a server takes for one it may hold to no list (2.9.10).
  `      { user: ${name}, password: $${passwordVariable(name)}, allowed_connection_types: ["STANDARD"]${
    of === null ? "" : `\n        ${permissions(of)}`
  } }`;

const common = (name: string, domain: string): string => `server_name: ${name}
listen: $NATS_LISTEN
http: $NATS_MONITOR
max_payload: 1MB
# A dead WAN is noticed within 15 s (the defaults take 4 minutes).
ping_interval: "5s"
ping_max: 2
write_deadline: "5s"
jetstream {
  store_dir: $NATS_STORE
  domain: ${domain}
  max_mem: 64MB
  max_file: 40GB
}
# The system account is not shared over the leaf, so that domains stay independent.
system_account: SYS`;

const SYS = `  SYS { users: [ { user: sys, password: $${passwordVariable("sys")} } ] }`;

/** Exports and imports of one account. */
function gatesOf(account: string, crossings: readonly Crossing[]): string {
  const exported = new Map<string, Crossing & { readonly askers: string[] }>();
  for (const one of crossings.filter(({ owner }) => owner === account)) {
    const known = exported.get(one.subject);
    if (known) known.askers.push(one.asker);
    else exported.set(one.subject, { ...one, askers: [one.asker] });
  }
  const exports = [...exported.values()].map(({ kind, subject, many, askers }) => {
    const what = kind === "requests" ? "service" : "stream";
    const response = many ? ", response: stream" : "";
    return `{ ${what}: ${JSON.stringify(subject)}${response}, accounts: [${askers.join(", ")}] }`;
  });
  const imports = crossings
    .filter(({ asker }) => asker === account)
    .map(({ kind, owner, subject }) => {
      const what = kind === "requests" ? "service" : "stream";
      return `{ ${what}: { account: ${owner}, subject: ${JSON.stringify(subject)} } }`;
    });
  return [
    ["exports", exports],
    ["imports", imports],
  ]
    .map(([name, all]) => `    ${name as string}: [\n${lines(all as string[])}\n    ]`)
    .join("\n");
}

const lines = (all: readonly string[]): string => all.map((line) => `      ${line}`).join("\n");

/** The accounts of users, and that of the streams, which only the administrator is in. */
function accountsOf<U extends NatsUser>(
  users: readonly U[],
  own: Readonly<Record<U, Permissions | null>>,
  crossings: readonly Crossing[],
): string {
  const account = (user: U): string => `  ${accountOf(user)} {
${accountOf(user) === HUB_ACCOUNT ? "    jetstream: enabled\n" : ""}    users: [
${userOf(user, own[user])}
    ]
${gatesOf(accountOf(user), crossings)}
  }`;
  return users.map(account).join("\n");
}

/** The account in which a region's leaf arrives: it holds nothing. */
const leafOf = (region: string, pairs: RegionPairs, crossings: readonly Crossing[]): string =>
  `  ${leafAccount(region)} {
    users: [
      { user: leaf-${region}, password: $${leafPasswordVariable(region)}, allowed_connection_types: ["LEAFNODE"]
        ${permissions(leafPermissions(region, pairs))} }
    ]
${gatesOf(leafAccount(region), crossings)}
  }`;

/** The hub's configuration: an account for its own, and one for each region's leaf. */
export function hubConfig(pairs: RegionPairs, extras: ServerExtras = {}): string {
  const own = hubPermissions(pairs.regions);
  const crossings = hubCrossings(pairs);
  return `# The cloud hub of ${pairs.regions.join(", ")}: written by Skerry (platform/nats/topology/server-config.ts).
${includeText(extras)}${common("hub", "hub")}${clientTlsText(extras)}
accounts {
${accountsOf(HUB_USERS, own, crossings)}
${pairs.regions.map((region) => leafOf(region, pairs, crossings)).join("\n")}
${SYS}
}
leafnodes {
  listen: $NATS_LEAF_LISTEN${leafTlsText(extras)}
  # Regions must use the address they were given. The hub tells them its own all the same, and a link that was lost
  # would come back around whatever stands between: so it tells one at which nobody is.
  no_advertise: true
  advertise: "127.0.0.1:1"
}
`;
}

/** A region's configuration: a leaf of the hub. */
export function regionConfig(
  pairs: RegionPairs,
  region: string,
  extras: ServerExtras = {},
): string {
  const own = regionPermissions(region, copiesIn(pairs, region));
  const captured = JSON.stringify(
    ["telemetry", "alerts", "rejects", "commands", "replies", "deadletters", "retries", "push"].map(
      (kind) => `${kind}.>`,
    ),
  );
  return `# Region ${region}, a leaf of the hub: written by Skerry (platform/nats/topology/server-config.ts).
${includeText(extras)}${common(region, region)}${clientTlsText(extras)}
accounts {
${accountsOf(REGION_USERS, own, regionCrossings(pairs, region))}
${SYS}
}
leafnodes {
  reconnect: 1
  remotes: [
    { url: $NATS_LEAF_URL
      account: ${HUB_ACCOUNT}${remoteTlsText(extras)}
      # What a region captures never crosses the WAN as plain messages: only its mirrors do.
      deny_exports: ${captured}
      deny_imports: ${captured}
    }
  ]
}
`;
}
