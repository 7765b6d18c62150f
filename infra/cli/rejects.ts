import type { Command } from "commander";
import type { ReplayAnswer } from "../../contracts/messages/replay.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parseSince, place } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { UsageError } from "./kit/usage-error.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { count, number } from "../../cloud/operations/words.ts";
import {
  findRejects,
  goneRejects,
  rejectAt,
  rejectSeqs,
} from "../../cloud/operations/rejects/find.ts";
import { describe, lineOf } from "./rejects/words.ts";
import { replayRejects } from "../../cloud/operations/rejects/replay.ts";

interface RegionPlace extends Place {
  readonly region: string;
}

interface Filters {
  reason?: string;
  device?: string;
  contract?: string;
  since?: number;
}

/** Adds `rejects list`, `rejects show` and `rejects replay`; exit status 1 if a replay left any. */
export function addRejectsCommand(program: Command, say: Say): void {
  const rejects = program.command("rejects").description("What gateways refused and kept.");
  const inRegion = (command: Command): Command =>
    place(command.requiredOption("--region <name>", "eu, us, …"), "the region's");
  const filters = (command: Command): Command =>
    command
      .option("--reason <reason>", "only with this reason")
      .option("--device <id>", "only of this device (or client, where no device is known)")
      .option("--contract <name>", "only of this contract; ? where nobody knows the contract");

  example(filters(inRegion(rejects.command("list"))), "rejects list --region eu --since 2h")
    .description("List the newest rejects of a region, one line each, oldest first.")
    .option("--since <when>", "arrived since: 2h, 7d, or an ISO 8601 time", parseSince)
    .option("--limit <n>", "how many", parseCount, 50)
    .action(async (options: RegionPlace & Filters & { limit: number }) => {
      const query = queryOf(options);
      const { found, gone } = await withNats(options, options.region, async (nats) => ({
        found: await findRejects(nats, query, options.limit),
        gone: await goneRejects(nats, query),
      }));
      if (gone > 0) say(goneLine(gone));
      for (const reject of found) say(lineOf(reject));
      if (found.length === 0) say("no rejects");
    });

  example(inRegion(rejects.command("show")), "rejects show 42 --region eu")
    .description("Show everything of one reject, its payload as text or as a hex dump.")
    .argument("<seq>", "its sequence, the first column of the list", parseCount)
    .action(async (seq: number, options: RegionPlace) => {
      const { region } = options;
      const found = await withNats(options, region, (nats) => rejectAt(nats, region, seq));
      if (!found) throw refused(`there is no reject ${seq}`);
      for (const line of describe(found)) say(line);
    });

  example(
    filters(inRegion(rejects.command("replay"))),
    "rejects replay --region eu --device boiler-7 --dry-run",
  )
    .description(
      "Admit rejects again, as of their original arrival, after a contract or mapping was mended.",
    )
    .option("--seq <n>", "this one", parseCount)
    .option("--all", "all of the region", false)
    .option("--dry-run", "only say what would happen", false)
    .action(async (options: ReplayFlags) => {
      const left = await withNats(options, options.region, (nats) => replay(nats, options, say));
      if (left > 0) process.exitCode = 1;
    });
}

type ReplayFlags = RegionPlace & Filters & { seq?: number; all: boolean; dryRun: boolean };

/** Admits rejects again. @returns the number of those that are not stored after it. */
async function replay(nats: NatsConnection, options: ReplayFlags, say: Say): Promise<number> {
  const { seq, all, reason, device, contract, region, dryRun } = options;
  const filtered = [reason, device, contract].some((one) => one !== undefined);
  if ([seq !== undefined, all, filtered].filter(Boolean).length !== 1)
    throw new UsageError(
      "say what to replay: --seq, --all, or any of --reason, --device and --contract",
    );
  const seqs = seq === undefined ? await rejectSeqs(nats, queryOf(options)) : [seq];
  const lost = seq === undefined ? await goneRejects(nats, queryOf(options)) : 0;
  if (lost > 0) say(goneLine(lost));
  using progress = new Progress("replaying rejects", seqs.length);
  const counts = await replayRejects(nats, seqs, { region, dryRun }, (answer) => {
    progress.step();
    progress.clear();
    say(answerLine(answer, dryRun));
  });
  progress.clear();
  const { stored, partly, rejected, gone, failed } = counts;
  say(
    `${dryRun ? "dry run: " : ""}${stored} stored, ${partly} partly, ` +
      `${rejected} still rejected, ${gone} gone, ${failed} failed`,
  );
  return partly + rejected + failed;
}

const goneLine = (gone: number): string =>
  gone === 1 ? "1 older one was dropped" : `${number(gone)} older ones were dropped`;

const answerLine = ({ seq, outcome, readings, detail }: ReplayAnswer, dryRun: boolean): string => {
  const isStored = outcome === "stored" || outcome === "partly";
  const verdict = isStored ? `${outcome}, ${count(readings, "reading")}` : outcome;
  return `${seq} ${dryRun ? "would be " : ""}${verdict}${detail === "" ? "" : `: ${detail}`}`;
};

const queryOf = ({ region, reason, device, contract, since }: RegionPlace & Filters) => ({
  region,
  ...(reason === undefined ? {} : { reason }),
  ...(device === undefined ? {} : { device }),
  ...(contract === undefined ? {} : { contract }),
  ...(since === undefined ? {} : { sinceMs: since }),
});
