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
import {
  BROADCAST_STREAMS,
  type Crossing,
  HUB_ACCOUNT,
  adminOf,
  apiOfAccount,
  inAccount,
  leafAccount,
  mirroredStreams,
  outAccount,
} from "./crossings.ts";
import { type RegionPairs, copiesIn } from "./pairs.ts";
import {
  type ServerExtras,
  clientTlsText,
  includeText,
  leafTlsText,
  remoteTlsText,
  routeTlsText,
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

/** Names the cluster of a hub or a region. */
export const clusterName = (server: string): string => `${server}-cluster`;

/** The other servers of a cluster, and how it knows them; empty for one that is alone. */
const clusterText = (name: string, extras: ServerExtras): string =>
  extras.cluster === undefined
    ? ""
    : `
cluster {
  name: ${clusterName(name)}
  listen: $NATS_CLUSTER_LISTEN
  authorization { user: route, password: $NATS_ROUTE_PASSWORD, timeout: 5 }
  # Processes are told the addresses that they were given, not those behind a proxy.
  no_advertise: true
  routes: [${numbered("NATS_ROUTE", extras.cluster, 1).join(", ")}]${routeTlsText(extras)}
}`;

/** `$NAME`, `$NAME_2`, …, or from `$NAME_1` on. */
const numbered = (name: string, count: number, first: 1 | 2): string[] =>
  Array.from({ length: count }, (_, at) =>
    at === 0 && first === 2 ? `$${name}` : `$${name}_${at + 1}`,
  );

const common = (
  name: string,
  extras: ServerExtras,
): string => `server_name: ${extras.cluster === undefined ? name : "$NATS_SERVER_NAME"}
listen: $NATS_LISTEN
http: $NATS_MONITOR
max_payload: 1MB
# A dead WAN is noticed within 15 s (the defaults take 4 minutes).
ping_interval: "5s"
ping_max: 2
write_deadline: "5s"
jetstream {
  store_dir: $NATS_STORE
  domain: ${name}
  max_mem: 64MB
  max_file: 40GB
}
# The system account is not shared over the leaf, so that domains stay independent.
system_account: SYS${clusterText(name, extras)}`;

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
    .map(({ kind, owner, subject, as }) => {
      const what = kind === "requests" ? "service" : "stream";
      const to = as === undefined ? "" : `, to: ${JSON.stringify(as)}`;
      return `{ ${what}: { account: ${owner}, subject: ${JSON.stringify(subject)} }${to} }`;
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
  mappings = "",
): string {
  const account = (user: U): string => {
    const holdsStreams = accountOf(user) === HUB_ACCOUNT;
    return `  ${accountOf(user)} {
${holdsStreams ? "    jetstream: enabled\n" : ""}    users: [
${userOf(user, own[user])}
    ]
${holdsStreams ? mappings : ""}${gatesOf(accountOf(user), crossings)}
  }`;
  };
  return users.map(account).join("\n");
}

/** Requests of one stream: the last token but for the rest is its name. */
const STREAM_REQUESTS = [
  ...["STREAM.*", "STREAM.MSG.*", "DIRECT.GET", "CONSUMER.*"].map((verb) => [verb, ""] as const),
  ...["DIRECT.GET", "CONSUMER.*", "CONSUMER.DURABLE.CREATE", "CONSUMER.MSG.NEXT"].map(
    (verb) => [verb, ".>"] as const,
  ),
];

/** The administrator of the hub reaches every stream under its name, whatever account holds it. */
function mappingsOf(regions: readonly string[]): string {
  const all = regions.flatMap((region) =>
    mirroredStreams(region).flatMap((stream) =>
      STREAM_REQUESTS.map(([verb, rest]) => {
        const asked = `${verb}.${stream}${rest}`;
        const to = `${apiOfAccount(inAccount(region))}.${asked.replace("*", "$1")}`;
        return `${JSON.stringify(`$JS.API.${asked}`)}: ${JSON.stringify(to)}`;
      }),
    ),
  );
  return `    mappings: {\n${lines(all)}\n    }\n`;
}

/** Consumers of one stream: mirrors and readers have one each, and leave some behind when they come back. */
const CONSUMERS_MAX = 256;

/** An account at the hub that holds copies, and no more streams than it needs. Only the administrator logs in there. */
const holderOf = (account: string, streams: number, crossings: readonly Crossing[]): string =>
  `  ${account} {
    jetstream: { max_mem: 0, max_file: -1, max_streams: ${streams}, max_consumers: ${CONSUMERS_MAX} }
    users: [
      { user: ${adminOf(account)}, password: $${passwordVariable("admin")}, allowed_connection_types: ["STANDARD"] }
    ]
${gatesOf(account, crossings)}
  }`;

/** The accounts of one region at the hub. */
const accountsOfRegion = (
  region: string,
  pairs: RegionPairs,
  crossings: readonly Crossing[],
): string =>
  [
    leafOf(region, pairs, crossings),
    holderOf(inAccount(region), mirroredStreams(region).length, crossings),
    holderOf(outAccount(region), BROADCAST_STREAMS.length, crossings),
  ].join("\n");

/** The account in which a region's leaf arrives: it holds nothing. */
const leafOf = (region: string, pairs: RegionPairs, crossings: readonly Crossing[]): string =>
  `  ${leafAccount(region)} {
    users: [
      { user: leaf-${region}, password: $${leafPasswordVariable(region)}, allowed_connection_types: ["LEAFNODE"]
        ${permissions(leafPermissions(region, pairs))} }
    ]
${gatesOf(leafAccount(region), crossings)}
  }`;

/** The hub's configuration: an account for its own, and three for each region (crossings.ts). */
export function hubConfig(pairs: RegionPairs, extras: ServerExtras = {}): string {
  const own = hubPermissions(pairs.regions);
  const crossings = hubCrossings(pairs);
  return `# The cloud hub of ${pairs.regions.join(", ")}: written by Skerry (platform/nats/topology/server-config.ts).
${includeText(extras)}${common("hub", extras)}${clientTlsText(extras)}
accounts {
${accountsOf(HUB_USERS, own, crossings, mappingsOf(pairs.regions))}
${pairs.regions.map((region) => accountsOfRegion(region, pairs, crossings)).join("\n")}
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
${includeText(extras)}${common(region, extras)}${clientTlsText(extras)}
accounts {
${accountsOf(REGION_USERS, own, regionCrossings(pairs, region))}
${SYS}
}
leafnodes {
  reconnect: 1
  remotes: [
    { urls: [${numbered("NATS_LEAF_URL", extras.hubServers ?? 1, 2).join(", ")}]
      account: ${HUB_ACCOUNT}${remoteTlsText(extras)}
      # What a region captures never crosses the WAN as plain messages: only its mirrors do.
      deny_exports: ${captured}
      deny_imports: ${captured}
    }
  ]
}
`;
}
