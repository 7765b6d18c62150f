import { type Command, InvalidArgumentError } from "commander";
import type { NatsConnection } from "nats";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { type RegionPairs, parseCopies } from "../../platform/nats/topology/pairs.ts";
import { hubConfig, regionConfig } from "../../platform/nats/topology/server-config.ts";
import {
  HUB,
  PARTITIONS_DEFAULT,
  type TopologyOptions,
  applyTopology,
  diffTopology,
} from "../../platform/nats/topology/topology.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";

const CONNECT_WITHIN_MS = 60_000;
const GIB = 1024 ** 3;

const parseRegion = (raw: string, before: Record<string, string>): Record<string, string> => {
  const [, name, url] = /^([a-z0-9-]+)=(.+)$/.exec(raw) ?? [];
  if (name === undefined || !URL.canParse(url ?? ""))
    throw new InvalidArgumentError("must be name=nats://user:password@host:port");
  return { ...before, [name]: url! };
};

const parsePositive = (raw: string): number => {
  const value = Number(raw);
  if (!(value > 0)) throw new InvalidArgumentError("must be a positive number");
  return value;
};

const parseCount = (raw: string): number => {
  const value = Number(raw);
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError("must be a positive whole number");
  return value;
};

interface Flags {
  readonly copies?: string;
  readonly hub: string;
  readonly region: Record<string, string>;
  readonly partitions: number;
  readonly logGib: number;
}

const COPIES_DOC =
  "which region has a copy of which region's log: eu>us,us>eu, or none (default: every region of every other)";

/** `skerry topology apply|diff|nats-config`: streams, mirrors, buckets, and the servers' users. */
export function addTopologyCommand(program: Command, say: (line: string) => void): void {
  const topology = program.command("topology").description("streams, mirrors and buckets");
  const command = (name: string, doc: string): Command =>
    topology
      .command(name)
      .description(doc)
      .requiredOption("--hub <url>", "the hub's nats-server, nats://user:password@host:port")
      .requiredOption("--region <name=url>", "a region's nats-server; repeat it", parseRegion, {})
      .option("--partitions <n>", "of each region's log", parseCount, PARTITIONS_DEFAULT)
      .option("--copies <pairs>", COPIES_DOC)
      .option("--log-gib <n>", "size bound of each region's log, GiB", parsePositive, 16);

  command(
    "apply",
    "create what is missing, update what differs; repeating it changes nothing",
  ).action((flags: Flags) =>
    withServers(flags, async (connections, options) => {
      for (const line of await diffTopology(connections, options)) say(line);
      await applyTopology(connections, options);
      say(`applied to ${Object.keys(connections).join(", ")}`);
    }),
  );
  topology
    .command("nats-config")
    .description("print the configuration of a nats-server: its users, and what may cross the WAN")
    .argument("<server>", "hub, or a region")
    .requiredOption("--regions <names>", "all of them: eu,us", (raw) => raw.split(","))
    .option("--copies <pairs>", COPIES_DOC)
    .action((server: string, flags: { regions: string[]; copies?: string }) => {
      const pairs = pairsOf(flags.regions, flags.copies);
      if (server !== HUB && !flags.regions.includes(server))
        throw new AppError("CONFIG_INVALID", "fatal", `${server} is neither hub nor a region`);
      say(server === HUB ? hubConfig(pairs) : regionConfig(pairs, server));
    });
  command("diff", "say how the servers differ from the plan; status 1 if they do").action(
    (flags: Flags) =>
      withServers(flags, async (connections, options) => {
        const lines = await diffTopology(connections, options);
        for (const line of lines) say(line);
        if (lines.length > 0) process.exitCode = 1;
        else say("no difference");
      }),
  );
}

function pairsOf(regions: readonly string[], copies: string | undefined): RegionPairs {
  try {
    return copies === undefined ? { regions } : { regions, copies: parseCopies(copies, regions) };
  } catch (error) {
    throw new AppError("CONFIG_INVALID", "fatal", `--copies: ${messageOf(error)}`);
  }
}

async function withServers(
  flags: Flags,
  work: (
    connections: Readonly<Record<string, NatsConnection>>,
    options: TopologyOptions,
  ) => Promise<void>,
): Promise<void> {
  const connections: Record<string, NatsConnection> = {};
  const signal = AbortSignal.timeout(CONNECT_WITHIN_MS);
  try {
    for (const [name, url] of Object.entries({ hub: flags.hub, ...flags.region }))
      connections[name] = await connectNats(
        { url, name: "skerry topology" },
        makeLogger({}, "silent"),
        signal,
      );
    await work(connections, {
      ...pairsOf(Object.keys(flags.region), flags.copies),
      partitions: flags.partitions,
      logBytesMax: flags.logGib * GIB,
    });
  } finally {
    for (const connection of Object.values(connections)) await connection.close();
  }
}
