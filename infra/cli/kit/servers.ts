// The hub's nats-server and those of the regions, as commands that work on all of them are told.
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { findInstallation, natsAddress } from "./addresses.ts";
import { openNats } from "./connection.ts";
import { remark } from "./output.ts";

/** Flags that name the servers; without any, those of the local installation. */
export interface ServerFlags {
  readonly hub?: string;
  readonly region: Readonly<Record<string, string>>;
  readonly dataDir?: string;
}

/** `name=url`, gathered by name. */
export const parseRegion = (
  raw: string,
  before: Record<string, string>,
): Record<string, string> => {
  const [, name, url] = /^([a-z0-9-]+)=(.+)$/.exec(raw) ?? [];
  if (name === undefined || !URL.canParse(url ?? ""))
    throw new InvalidArgumentError("must be name=nats://user@host:port");
  return { ...before, [name]: url! };
};

/** Adds the flags. */
export const servers = (command: Command): Command =>
  command
    .option("--hub <url>", "the hub's nats-server, nats://admin@host:port")
    .option(
      "--region <name=url>",
      "a region's nats-server, name=nats://admin@host:port; repeat it",
      parseRegion,
      {},
    )
    .option("--data-dir <dir>", "local installation (default: .skerry, here or above)");

/** True if servers are named, or an installation. */
export const namesServers = ({ hub, region, dataDir }: ServerFlags): boolean =>
  hub !== undefined || dataDir !== undefined || Object.keys(region).length > 0;

/** Names of domains, the hub's first if there is one; of a local installation all. */
const namedServers = ({ hub, region, dataDir }: ServerFlags): string[] =>
  hub !== undefined || Object.keys(region).length > 0
    ? [...(hub === undefined ? [] : [HUB]), ...Object.keys(region)]
    : Object.keys(findInstallation(dataDir).addresses.nats);

export interface OpenServers extends AsyncDisposable {
  /** Connections by their JetStream domains: `hub`, `eu`, … */
  readonly connections: Readonly<Record<string, NatsConnection>>;
  /** Domains that did not answer, each told already. */
  readonly away: readonly string[];
}

/**
 * Connects to all that are named.
 * @param mayBeAway false for a domain without which nothing can be done.
 * @param isMeant false for a domain that is not wanted.
 */
export async function openServers(
  flags: ServerFlags,
  mayBeAway: (domain: string) => boolean,
  isMeant: (domain: string) => boolean = () => true,
): Promise<OpenServers> {
  await using stack = new AsyncDisposableStack();
  const connections: Record<string, NatsConnection> = {};
  const away: string[] = [];
  for (const domain of namedServers(flags).filter(isMeant))
    try {
      const typed = domain === HUB ? flags.hub : flags.region[domain];
      const address =
        typed === undefined
          ? natsAddress(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }, domain)
          : { url: typed, from: null, domain };
      const connection = await openNats(address);
      stack.defer(() => connection.close());
      connections[domain] = connection;
    } catch (error) {
      if (!mayBeAway(domain)) throw error;
      remark(`skerry: ${domain} is left out: ${messageOf(error)}`);
      away.push(domain);
    }
  const kept = stack.move();
  return { connections, away, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
