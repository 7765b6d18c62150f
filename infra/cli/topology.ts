import { type Command, InvalidArgumentError } from "commander";
import type { NatsConnection } from "nats";
import { connectNats } from "../nats/connect.ts";
import {
  PARTITIONS_DEFAULT,
  type TopologyOptions,
  applyTopology,
  diffTopology,
} from "../nats/topology.ts";
import { makeLogger } from "../runtime/logger.ts";

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

interface Flags {
  readonly hub: string;
  readonly region: Record<string, string>;
  readonly partitions: number;
  readonly logGib: number;
}

/** `skerry topology apply|diff`: streams, mirrors and buckets. */
export function addTopologyCommand(program: Command, say: (line: string) => void): void {
  const topology = program.command("topology").description("streams, mirrors and buckets");
  const command = (name: string, doc: string): Command =>
    topology
      .command(name)
      .description(doc)
      .requiredOption("--hub <url>", "the hub's nats-server, nats://user:password@host:port")
      .requiredOption("--region <name=url>", "a region's nats-server; repeat it", parseRegion, {})
      .option("--partitions <n>", "of each region's log", parsePositive, PARTITIONS_DEFAULT)
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
      regions: Object.keys(flags.region),
      partitions: flags.partitions,
      logBytesMax: flags.logGib * GIB,
    });
  } finally {
    for (const connection of Object.values(connections)) await connection.close();
  }
}
