import { type Command, InvalidArgumentError, Option } from "commander";
import { type Stages, grown } from "../../contracts/names/lane-stages.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readFleetLevel } from "../../platform/nats/client/fleet.ts";
import { beginAtOwnLevel, isNewInstallation } from "../../platform/nats/topology/first-level.ts";
import { type RegionPairs, parseCopies } from "../../platform/nats/topology/pairs.ts";
import {
  clusterName,
  hubConfig,
  regionConfig,
} from "../../platform/nats/topology/server-config.ts";
import {
  type ServerExtras,
  VERIFIED,
  type Verified,
} from "../../platform/nats/topology/tls-config.ts";
import {
  applyTopology,
  diffTopology,
  stagesOf,
  rejectBoundsOf,
  topologySize,
} from "../../platform/nats/topology/apply-topology.ts";
import {
  HUB,
  PARTITIONS_DEFAULT,
  type Replicas,
  type TopologyOptions,
} from "../../platform/nats/topology/topology.ts";
import {
  WHOLE_VERSIONS,
  clusterWeaknessOf,
  weaknessesOf,
} from "../../platform/nats/topology/server-versions.ts";
import { isLoopback } from "../../platform/runtime/client-tls.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { FORMAT_LEVEL_UNSAID, GROWTH_LEVEL } from "../../platform/runtime/format-level.ts";
import { remark, sayText } from "./kit/output.ts";
import { openNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parseDuration, parsePositive } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { parseRegion } from "./kit/servers.ts";
import { refused } from "../../cloud/operations/refused.ts";

const CONNECT_WITHIN_MS = 5_000;
const GIB = 1024 ** 3;

interface Flags {
  readonly copies?: string;
  readonly hub: string;
  readonly region: Record<string, string>;
  readonly partitions?: number;
  readonly logGib: number;
  readonly rejectsGib?: number;
  readonly rejectsKeep?: number;
  readonly replicas: Record<string, Replicas>;
  readonly lowerReplicas: boolean;
  readonly allowOldServers: boolean;
}

interface ConfigFlags {
  readonly regions: string[];
  readonly copies?: string;
  readonly tls: boolean;
  readonly verify: Verified;
  readonly include?: string;
  readonly link: boolean;
  readonly cluster?: number;
  readonly hubServers?: number;
}

const COPIES_DOC =
  "which region has a copy of which region's log: eu>us,us>eu, or all, or none (the default)";

const PARTITIONS_DOC =
  "partitions of each region's log; a multiple of what it has makes it grow (default: what it has; at first 1)";
const REJECTS_GIB_DOC =
  "size bound of the rejects of each region, and of each copy, GiB (default: what the hub has; at first 1)";
const ALLOW_OLD_DOC = `go on with nats-servers older than ${WHOLE_VERSIONS}, which lack walls that are named`;
const REJECTS_KEEP_DOC = "age at which rejects go (default: what the hub has; at first 30d)";

/** `skerry topology apply|diff|nats-config`: streams, mirrors, buckets, and the servers' users. */
export function addTopologyCommand(program: Command, say: Say): void {
  const topology = program.command("topology").description("Streams, mirrors and buckets.");
  const command = (name: string, doc: string): Command =>
    example(
      topology.command(name),
      `topology ${name} --hub nats://admin@hub:4222 --region eu=nats://admin@eu:4222`,
    )
      .description(doc)
      .requiredOption("--hub <url>", "the hub's nats-server, nats://user@host:port")
      .requiredOption(
        "--region <name=url>",
        "a region's nats-server, name=nats://user@host:port; repeat it",
        parseRegion,
        {},
      )
      .option("--partitions <n>", PARTITIONS_DOC, parseCount)
      .option("--copies <pairs>", COPIES_DOC)
      .option("--log-gib <n>", "size bound of each region's log, GiB", parsePositive, 16)
      .option("--rejects-gib <n>", REJECTS_GIB_DOC, parsePositive)
      .option("--rejects-keep <duration>", REJECTS_KEEP_DOC, parseDuration)
      .option(
        "--replicas <server=n>",
        "copies that a cluster keeps of each stream, 1 or 3: hub=3; repeat it (default: 3 where the server is one of a cluster, else 1)",
        parseReplicas,
        {},
      )
      .option(
        "--lower-replicas",
        "streams with more replicas get fewer; else they keep them",
        false,
      )
      .option("--allow-old-servers", ALLOW_OLD_DOC, false);

  command(
    "apply",
    "Create what is missing and update what differs; repeating it changes nothing.",
  ).action((flags: Flags) =>
    withServers(flags, async (connections, options) => {
      using progress = new Progress("applying the topology", 2 * topologySize(options));
      const lines = await diffTopology(connections, options, progress);
      progress.clear();
      for (const line of lines) say(line);
      const isNew = await isNewInstallation(connections);
      const told = await applyTopology(connections, options, progress);
      if (isNew) await beginAtOwnLevel(connections[HUB]!);
      progress.clear();
      for (const line of told) say(line);
      say(`applied to ${Object.keys(connections).join(", ")}`);
    }),
  );
  addNatsConfig(topology, say);
  command(
    "diff",
    "Say how the servers differ from what they should be; exit status 1 if they do.",
  ).action((flags: Flags) =>
    withServers(flags, async (connections, options) => {
      using progress = new Progress("comparing the topology", topologySize(options));
      const lines = await diffTopology(connections, options, progress);
      progress.clear();
      for (const line of lines) say(line);
      if (lines.length > 0) process.exitCode = 1;
      else say("no difference");
    }),
  );
}

/** `skerry topology nats-config`. */
function addNatsConfig(topology: Command, say: Say): void {
  example(topology.command("nats-config"), "topology nats-config eu --regions eu,us > eu.conf")
    .description("Print the configuration of a nats-server: its users, and what may cross the WAN.")
    .argument("<server>", "hub, or a region")
    .requiredOption("--regions <names>", "all of them: eu,us", (raw) => raw.split(","))
    .option("--copies <pairs>", COPIES_DOC)
    .option(
      "--tls",
      "TLS for clients and leaves; the paths are in NATS_TLS_CERTIFICATE and so on",
      false,
    )
    .addOption(
      new Option("--verify <whom>", "with --tls: who has to show a certificate, too")
        .choices(VERIFIED)
        .default("leaf"),
    )
    .option(
      "--link",
      "leaves in clear text, on their own machine: regions come over a link, which has its own TLS",
      false,
    )
    .option(
      "--cluster <n>",
      "it is one of so many servers: NATS_SERVER_NAME, NATS_CLUSTER_LISTEN, NATS_ROUTE_PASSWORD and NATS_ROUTE_1 to _n are variables then",
      parseCluster,
    )
    .option(
      "--hub-servers <n>",
      "a region dials so many servers of the hub: NATS_LEAF_URL, NATS_LEAF_URL_2 and so on",
      parseCluster,
    )
    .option("--include <file>", "variables, such as passwords, that a reload reads anew")
    .action((server: string, flags: ConfigFlags) => {
      const pairs = pairsOf(flags.regions, flags.copies);
      if (server !== HUB && !flags.regions.includes(server))
        throw refused(`${server} is neither hub nor a region`);
      const extras: ServerExtras = {
        ...(flags.tls ? { tls: { verified: flags.verify } } : {}),
        ...(flags.link ? { link: true } : {}),
        ...(flags.include === undefined ? {} : { include: flags.include }),
        ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
        ...(flags.hubServers === undefined ? {} : { hubServers: flags.hubServers }),
      };
      sayText(say, server === HUB ? hubConfig(pairs, extras) : regionConfig(pairs, server, extras));
    });
}

function pairsOf(regions: readonly string[], copies: string | undefined): RegionPairs {
  try {
    return copies === undefined ? { regions } : { regions, copies: parseCopies(copies, regions) };
  } catch (error) {
    throw refused(`--copies: ${messageOf(error)}`, error);
  }
}

/** Three for servers of a cluster, as the printed configurations name it: one that is alone takes its own name for one. */
const clustered = (
  connections: Readonly<Record<string, NatsConnection>>,
): Record<string, Replicas> =>
  Object.fromEntries(
    Object.entries(connections).map(([name, connection]) => [
      name,
      isOfCluster(name, connection) ? 3 : 1,
    ]),
  );

const isOfCluster = (name: string, { info }: NatsConnection): boolean =>
  info?.cluster === clusterName(name);

function parseReplicas(raw: string, before: Record<string, Replicas>): Record<string, Replicas> {
  const [server = "", count] = raw.split("=");
  if (server === "" || (count !== "1" && count !== "3"))
    throw new InvalidArgumentError("must be server=1 or server=3, as hub=3");
  return { ...before, [server]: count === "3" ? 3 : 1 };
}

function parseCluster(raw: string): number {
  const count = Number(raw);
  if (![2, 3, 5].includes(count)) throw new InvalidArgumentError("must be 2, 3 or 5");
  return count;
}

/** Names what does not hold; on this machine alone only what loses readings. @throws AppError where sites or a network rely on it. */
function refuseOldServers(
  connections: Readonly<Record<string, NatsConnection>>,
  { hub, region, allowOldServers }: Flags,
): void {
  const urls = [hub, ...Object.values(region)];
  const isNetwork = urls.some((url) => url.startsWith("tls:") || !isLoopback(url));
  const lacking = Object.entries(connections).flatMap(([name, connection]) => {
    const version = connection.info?.version ?? "";
    const loses = isOfCluster(name, connection) ? clusterWeaknessOf(version) : null;
    const all = [...(isNetwork ? weaknessesOf(version) : []), ...(loses === null ? [] : [loses])];
    return all.map((what) => ({ name, version, what }));
  });
  if (lacking.length === 0) return;
  for (const [what, each] of Map.groupBy(lacking, (one) => one.what)) {
    const servers = each.map(({ name, version }) => `${name} (${version})`).join(", ");
    remark(`skerry: nats-server of ${servers}: ${what}`);
  }
  if (isNetwork && !allowOldServers)
    throw refused(
      `older nats-servers than ${WHOLE_VERSIONS}: install one of these, or a newer one, or accept what was named with --allow-old-servers`,
    );
}

/** The lanes that logs are to have: those that they have, and more if so many are asked for. @throws AppError if a log cannot have them. */
async function lanesOf(
  { partitions }: Flags,
  found: Readonly<Record<string, Stages>>,
  hub: NatsConnection,
): Promise<Pick<TopologyOptions, "partitions" | "stages">> {
  if (partitions === undefined) return { partitions: PARTITIONS_DEFAULT, stages: found };
  const planned = Object.entries(found).map(([region, stages]) => {
    try {
      return [region, grown(stages, partitions)] as const;
    } catch (error) {
      throw refused(`--partitions ${partitions}: the log of ${region}: ${messageOf(error)}`, error);
    }
  });
  const isGrowth = planned.some(([region, stages]) => stages !== found[region]);
  if (isGrowth) await refuseGrowthEarly(hub, partitions);
  return { partitions, stages: Object.fromEntries(planned) };
}

/** @throws AppError while programs may run that would take the lanes of a log that has grown for others (docs/decisions/0081). */
async function refuseGrowthEarly(hub: NatsConnection, partitions: number): Promise<void> {
  const level = (await readFleetLevel(hub))?.fleet.level ?? FORMAT_LEVEL_UNSAID;
  if (level < GROWTH_LEVEL)
    throw refused(
      `--partitions ${partitions}: a log grows once formats of level ${GROWTH_LEVEL} are written, which programs before this one do not read; ` +
        `here those of level ${level} are: npx skerry upgrade finish, then this again`,
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
  try {
    for (const [name, url] of Object.entries({ hub: flags.hub, ...flags.region }))
      connections[name] = await openNats({ url, from: null, domain: name }, CONNECT_WITHIN_MS);
    refuseOldServers(connections, flags);
    const unknown = Object.keys(flags.replicas).find((name) => !connections[name]);
    if (unknown !== undefined)
      throw refused(`--replicas: ${unknown} is none of ${Object.keys(connections).join(", ")}`);
    const rejects = await rejectBoundsOf(connections[HUB]!);
    const stages = await stagesOf(connections, Object.keys(flags.region));
    await work(connections, {
      ...pairsOf(Object.keys(flags.region), flags.copies),
      ...(await lanesOf(flags, stages, connections[HUB]!)),
      logBytesMax: flags.logGib * GIB,
      replicas: { ...clustered(connections), ...flags.replicas },
      lowersReplicas: flags.lowerReplicas,
      rejects: {
        bytesMax: flags.rejectsGib === undefined ? rejects.bytesMax : flags.rejectsGib * GIB,
        keepMs: flags.rejectsKeep ?? rejects.keepMs,
      },
    });
  } finally {
    for (const connection of Object.values(connections)) await connection.close();
  }
}
