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
import { type RegionPairs, copiedBy, copiesIn } from "./pairs.ts";

/** The environment variable with a user's password. It must not look like a number. */
export const passwordVariable = (user: NatsUser | "leaf"): string =>
  `NATS_${user.toUpperCase()}_PASSWORD`;

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
  `      { user: ${name}, password: $${passwordVariable(name)}${
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

const accounts = (users: readonly string[]): string => `accounts {
  APP {
    jetstream: enabled
    users: [
${users.join("\n")}
    ]
  }
  SYS { users: [ { user: sys, password: $${passwordVariable("admin")} } ] }
}`;

/** The hub's configuration: one leaf user per region. */
export function hubConfig(pairs: RegionPairs): string {
  const own = hubPermissions(pairs.regions);
  const leaves = pairs.regions.map((region) => {
    const of = { copies: copiesIn(pairs, region), copiedBy: copiedBy(pairs, region) };
    return `      { user: leaf-${region}, password: $${passwordVariable("leaf")}, allowed_connection_types: ["LEAFNODE"]
        ${permissions(leafPermissions(region, of))} }`;
  });
  return `# The cloud hub of ${pairs.regions.join(", ")}: written by Skerry (platform/nats/topology/server-config.ts).
${common("hub", "hub")}
${accounts([...HUB_USERS.map((user) => userOf(user, own[user])), ...leaves])}
leafnodes {
  listen: $NATS_LEAF_LISTEN
  # Regions must use the address they were given. The hub tells them its own all the same, and a link that was lost
  # would come back around whatever stands between: so it tells one at which nobody is.
  no_advertise: true
  advertise: "127.0.0.1:1"
}
`;
}

/** A region's configuration: a leaf of the hub. */
export function regionConfig(pairs: RegionPairs, region: string): string {
  const own = regionPermissions(region, copiesIn(pairs, region));
  const captured = JSON.stringify(
    ["telemetry", "alerts", "rejects", "commands", "replies", "deadletters", "retries"].map(
      (kind) => `${kind}.>`,
    ),
  );
  return `# Region ${region}, a leaf of the hub: written by Skerry (platform/nats/topology/server-config.ts).
${common(region, region)}
${accounts(REGION_USERS.map((user) => userOf(user, own[user])))}
leafnodes {
  reconnect: 1
  remotes: [
    { url: $NATS_LEAF_URL
      account: APP
      # What a region captures never crosses the WAN as plain messages: only its mirrors do.
      deny_exports: ${captured}
      deny_imports: ${captured}
    }
  ]
}
`;
}
