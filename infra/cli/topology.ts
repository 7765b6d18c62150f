import { type Command, InvalidArgumentError } from "commander";
import type { NatsConnection } from "nats";
import { connectNats } from "../nats/connect.ts";
import { PARTITIONS_DEFAULT, applyTopology } from "../nats/topology.ts";
import { makeLogger } from "../runtime/logger.ts";

const CONNECT_WITHIN_MS = 60_000;
const GIB = 1024 ** 3;

const parseRegion = (raw: string, before: Record<string, string>): Record<string, string> => {
  const [, name, url] = /^([a-z0-9-]+)=(.+)$/.exec(raw) ?? [];
  if (name === undefined || !URL.canParse(url ?? ""))
    throw new InvalidArgumentError("must be name=nats://user:password@host:port");
  return { ...before, [name]: url! };
};

/** `skerry topology apply`: streams, mirrors and buckets, created or reconciled; safe to repeat. */
export function addTopologyCommand(program: Command): void {
  program
    .command("topology")
    .description("streams, mirrors and buckets")
    .command("apply")
    .description("create what is missing, update what differs; repeating it changes nothing")
    .requiredOption("--hub <url>", "the hub's nats-server, nats://user:password@host:port")
    .requiredOption("--region <name=url>", "a region's nats-server; repeat it", parseRegion, {})
    .option("--partitions <n>", "of each region's log", String(PARTITIONS_DEFAULT))
    .option("--log-gib <n>", "size bound of each region's log, GiB", "16")
    .action(
      async (options: {
        hub: string;
        region: Record<string, string>;
        partitions: string;
        logGib: string;
      }) => {
        const urls = { hub: options.hub, ...options.region };
        const connections: Record<string, NatsConnection> = {};
        const signal = AbortSignal.timeout(CONNECT_WITHIN_MS);
        try {
          for (const [name, url] of Object.entries(urls))
            connections[name] = await connectNats(
              { url, name: "skerry topology" },
              makeLogger({}, "silent"),
              signal,
            );
          await applyTopology(connections, {
            regions: Object.keys(options.region),
            partitions: Number(options.partitions),
            logBytesMax: Number(options.logGib) * GIB,
          });
          process.stdout.write(`applied to ${Object.keys(urls).join(", ")}\n`);
        } finally {
          for (const connection of Object.values(connections)) await connection.close();
        }
      },
    );
}
