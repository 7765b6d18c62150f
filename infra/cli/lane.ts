import type { Command } from "commander";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { type Place, findInstallation, natsAddress } from "./kit/addresses.ts";
import { openNats, withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parseWholeNumber, place } from "./kit/options.ts";
import { remark, sayJson } from "./kit/output.ts";
import { askProcesses } from "./kit/processes.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { type RegionLog, readRegionLog } from "../../cloud/operations/lanes/region-log.ts";
import { frameJson, frameLines } from "./lane/frame-text.ts";
import { firstFrames, newestFrames } from "../../cloud/operations/lanes/frames.ts";
import { FrameJudge } from "../../cloud/operations/lanes/judged-frames.ts";
import { lanesLines } from "./lane/lanes-text.ts";
import { type LanesReport, readLanes } from "../../cloud/operations/lanes/operators.ts";

interface ShowFlags extends Place {
  readonly region: string;
  readonly partition?: number;
  readonly json: boolean;
}

interface CatFlags extends Place {
  readonly region: string;
  readonly partition: number;
  readonly at?: string;
  readonly from?: number;
  readonly limit: number;
  readonly json: boolean;
}

/** `skerry lane show|cat`: a lane of a region's log, and who reads it how far. */
export function addLaneCommand(program: Command, say: Say): void {
  const lane = program
    .command("lane")
    .description("Lanes of a region's log: what they hold, and who has read them how far.");

  example(
    place(lane.command("show"), "only this"),
    "lane show --region eu",
    "lane show --region eu --partition 2",
  )
    .description(
      "Show the position of each operator in a region's lanes, how far it is behind, and the holes and losses that it met.",
    )
    .requiredOption("--region <name>", "eu, us, …")
    .option("--partition <n>", "only this lane", parseWholeNumber)
    .option("--json", "as a JSON object", false)
    .action(async (flags: ShowFlags) => {
      const report = await readReport(flags);
      if (report.logs.length === 0)
        throw refused(`there is no log of region ${flags.region} there`);
      if (flags.partition !== undefined) checkLane(report.logs[0]!, flags.partition);
      if (flags.json) sayJson(say, report);
      else for (const line of lanesLines(report, Date.now())) say(line);
    });

  example(
    place(lane.command("cat"), "the region's, or another's with a copy of its log,"),
    "lane cat --region eu --partition 2",
    "lane cat --region eu --partition 2 --from 12345 --limit 100 --json",
  )
    .description(
      "Print the frames of a lane and their readings, decoded; the newest without --from.",
    )
    .requiredOption("--region <name>", "eu, us, …")
    .requiredOption("--partition <n>", "the lane", parseWholeNumber)
    .option("--at <domain>", "read the copy there: hub, or another region")
    .option("--from <seq>", "first sequence", parseCount)
    .option("--limit <n>", "how many frames", parseCount, 10)
    .option("--json", "one JSON object a line", false)
    .action((flags: CatFlags) =>
      withNats(flags, flags.at ?? flags.region, (nats) => cat(nats, flags, say)),
    );
}

/** The one server that was named, or the region's and the hub's with all processes. */
async function readReport({ region, ...at }: ShowFlags): Promise<LanesReport> {
  const partition = at.partition ?? null;
  if (at.nats !== undefined)
    return withNats(at, region, (nats) => readLanes([nats], region, null, partition));
  const { addresses } = findInstallation(at.dataDir);
  await using stack = new AsyncDisposableStack();
  const opened = await Promise.allSettled(
    [region, HUB].map((domain) => natsAddress(at, domain)).map((address) => openNats(address)),
  );
  const servers = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  for (const nats of servers) stack.defer(() => nats.close());
  const failures = opened.flatMap((one) =>
    one.status === "rejected" ? [one.reason as Error] : [],
  );
  if (servers.length === 0) throw failures[0]!;
  for (const failure of failures) remark(messageOf(failure));
  const processes = await askProcesses(addresses.status ?? {});
  return await readLanes(servers, region, processes, partition);
}

async function cat(nats: NatsConnection, flags: CatFlags, say: Say): Promise<void> {
  const { region, partition, from, limit, json } = flags;
  const log = await readRegionLog(nats, region);
  if (!log) throw refused(`there is no log of region ${region} there`);
  const { newestSeq } = checkLane(log, partition);
  const lane = { region, partition };
  const range = { fromSeq: Math.max(log.firstSeq, from ?? 0), untilSeq: newestSeq };
  const read = from === undefined ? newestFrames : firstFrames;
  const entries = newestSeq === 0 ? [] : await read(nats, lane, range, limit);
  const judge = new FrameJudge();
  const nowMs = Date.now();
  for (const entry of entries) {
    const judged = judge.judge(entry);
    for (const line of json ? [frameJson(judged)] : frameLines(judged, nowMs)) say(line);
  }
  if (entries.length === 0 && !json) say("no frames");
}

function checkLane({ region, lanes }: RegionLog, partition: number) {
  const lane = lanes.find((one) => one.partition === partition);
  if (lane) return lane;
  throw refused(`region ${region} has no partition ${partition}, only ${lanes.length}, from 0 on`);
}
