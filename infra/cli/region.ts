import type { Command } from "commander";
import { type Stages, parseStages } from "../../contracts/names/lane-stages.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { type StreamState, Streams } from "../../platform/nats/client/streams.ts";
import { restoreSnapshot, snapshotStream } from "../../platform/nats/topology/stream-snapshot.ts";
import { PARTITIONS_DEFAULT, originStreams } from "../../platform/nats/topology/topology.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { openNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parsePositive, parser } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";

const CONNECT_WITHIN_MS = 10_000;
const GIB = 1024 ** 3;

const parseUrl = parser((raw) => {
  if (!URL.canParse(raw)) throw new Error("must be nats://user@host:port");
  return raw;
});

const parseUrls = (raw: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  parseUrl(raw),
];

interface Flags {
  readonly region: string;
  readonly to: string;
  readonly from: readonly string[];
  readonly partitions: number;
  readonly logGib: number;
}

/** `skerry region restore`: a region whose disks are lost, from its copies elsewhere. */
export function addRegionCommand(program: Command, say: Say): void {
  const region = program
    .command("region")
    .description("Restore a region whose disks are gone from the copies of its streams.");
  example(
    region.command("restore"),
    "region restore --region eu --to nats://admin@eu:4222 --from nats://admin@hub:4222",
  )
    .description(
      "Give an empty nats-server the log, alerts, rejects and replies of a lost region, from copies of them; " +
        "stop the region's gateways and engine first, and apply the topology afterwards.",
    )
    .requiredOption("--region <name>", "the region that was lost")
    .requiredOption("--to <url>", "its new, empty nats-server", parseUrl)
    .requiredOption(
      "--from <url...>",
      "the hub, other regions: each stream is taken from where most of it is",
      parseUrls,
    )
    .option(
      "--partitions <n>",
      "of the region's log, where no copy says so",
      parseCount,
      PARTITIONS_DEFAULT,
    )
    .option("--log-gib <n>", "size bound of the log, GiB", parsePositive, 16)
    .action((flags: Flags) => restore(flags, say));
}

async function restore(flags: Flags, say: Say): Promise<void> {
  const { region, partitions, logGib } = flags;
  await using stack = new AsyncDisposableStack();
  const open = async (url: string): Promise<NatsConnection> => {
    const connection = await openNats({ url, from: null }, CONNECT_WITHIN_MS);
    stack.defer(() => connection.close());
    return connection;
  };
  const to = await open(flags.to);
  const sources: NatsConnection[] = [];
  for (const url of flags.from) sources.push(await open(url));
  const stages = await copiedStages(sources, region);
  const options = {
    ...{ regions: [region], partitions, logBytesMax: logGib * GIB },
    ...(stages ? { stages: { [region]: stages } } : {}),
  };
  const streams = originStreams(region, options);
  for (const { name } of streams)
    if (await new Streams(to).find(name))
      throw new AppError("RESTORE_FAILED", "fatal", `${name} exists at the new server already`);
  const copies = await Promise.all(
    streams.map(async (spec) => ({ spec, best: await bestCopy(sources, spec.name) })),
  );
  const bytes = copies.reduce((sum, { best }) => sum + (best?.state.bytes ?? 0), 0);
  using progress = new Progress(`restoring ${region}`, bytes, { counted: "bytes" });
  for (const { spec, best } of copies) {
    if (best) {
      const { host } = new URL(flags.from[best.at]!);
      progress.at(`${spec.name} from ${host}`);
      let left = best.state.bytes;
      const received = (count: number): void => {
        const step = Math.min(count, left);
        left -= step;
        progress.step(step);
      };
      await restoreSnapshot(to, spec, await snapshotStream(sources[best.at]!, spec.name), received);
      // What was compressed on its way took less than it takes in a stream.
      progress.step(left);
      progress.clear();
      say(`${spec.name}: up to sequence ${best.state.lastSeq}, from ${host}`);
    } else {
      progress.clear();
      say(`${spec.name}: no copy anywhere, left out`);
    }
  }
}

/** The lanes that a region's log had, as the copies say; null if none says so. */
async function copiedStages(
  sources: readonly NatsConnection[],
  region: string,
): Promise<Stages | null> {
  let most: Stages | null = null;
  for (const source of sources) {
    const copy = await new Streams(source).find(telemetryStream(region));
    const says = copy && parseStages(copy.description);
    if (says && says.length > (most?.length ?? 0)) most = says;
  }
  return most;
}

/** The copy that has most of a stream; null if nobody has one. */
async function bestCopy(
  sources: readonly NatsConnection[],
  stream: string,
): Promise<{ at: number; state: StreamState } | null> {
  let best: { at: number; state: StreamState } | null = null;
  for (const [at, source] of sources.entries()) {
    const state = await new Streams(source).find(stream);
    if (state && state.lastSeq > (best?.state.lastSeq ?? -1)) best = { at, state };
  }
  return best;
}
