import { type Command, InvalidArgumentError } from "commander";
import type { NatsConnection } from "nats";
import type { ReplayAnswer } from "../../contracts/messages/replay.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { as } from "../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { describe, findRejects, lineOf, rejectAt } from "./rejects.ts";
import { replayRejects } from "./rejects-replay.ts";
import { natsTarget } from "./target.ts";

const CONNECT_WITHIN_MS = 5_000;

interface Place {
  region: string;
  nats?: string;
  dataDir: string;
}

interface Filters {
  reason?: string;
  device?: string;
  since?: number;
}

/** Adds `rejects list`, `rejects show` and `rejects replay`; exit status 1 if a replay left any. */
export function addRejectsCommand(program: Command, say: (line: string) => void): void {
  const rejects = program.command("rejects").description("what gateways refused and kept");
  const place = (command: Command): Command =>
    command
      .requiredOption("--region <name>", "eu, us, …")
      .option("--nats <url>", "the region's nats-server, nats://user:password@host:port")
      .option("--data-dir <dir>", "of the local installation", ".skerry");
  const filters = (command: Command): Command =>
    command
      .option("--reason <reason>", "only with this reason")
      .option("--device <id>", "only of this device (or client, where no device is known)");

  filters(place(rejects.command("list")))
    .description("the newest rejects of a region, one line each, oldest first")
    .option("--since <when>", "arrived since: 2h, 7d, or an ISO 8601 time", parseSince)
    .option("--limit <n>", "how many", parseCount, 50)
    .action(async (options: Place & Filters & { limit: number }) => {
      const found = await withNats(options, (nats) =>
        findRejects(nats, queryOf(options), options.limit),
      );
      for (const reject of found) say(lineOf(reject));
      if (found.length === 0) say("no rejects");
    });

  place(rejects.command("show"))
    .description("everything of one reject, its payload as text or as a hex dump")
    .argument("<seq>", "its sequence, the first column of the list", parseCount)
    .action(async (seq: number, options: Place) => {
      const found = await withNats(options, (nats) => rejectAt(nats, options.region, seq));
      if (!found) throw new AppError("CONFIG_INVALID", "fatal", `there is no reject ${seq}`);
      for (const line of describe(found)) say(line);
    });

  filters(place(rejects.command("replay")))
    .description(
      "admit rejects again, as of their original arrival, after a contract or mapping was mended",
    )
    .option("--seq <n>", "this one", parseCount)
    .option("--all", "all of the region", false)
    .option("--dry-run", "only say what would happen", false)
    .action(async (options: ReplayFlags) => {
      const left = await withNats(options, (nats) => replay(nats, options, say));
      if (left > 0) process.exitCode = 1;
    });
}

type ReplayFlags = Place & Filters & { seq?: number; all: boolean; dryRun: boolean };

/** How many are not stored after it. */
async function replay(
  nats: NatsConnection,
  options: ReplayFlags,
  say: (line: string) => void,
): Promise<number> {
  const { seq, all, reason, device, region, dryRun } = options;
  const filtered = reason !== undefined || device !== undefined;
  if ([seq !== undefined, all, filtered].filter(Boolean).length !== 1)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      "say what to replay: --seq, --all, or --reason and --device",
    );
  const seqs =
    seq !== undefined
      ? [seq]
      : (await findRejects(nats, queryOf(options), Number.MAX_SAFE_INTEGER)).map((one) => one.seq);
  const counts = await replayRejects(nats, seqs, { region, dryRun }, (answer) =>
    say(answerLine(answer, dryRun)),
  );
  const { stored, partly, rejected, gone, failed } = counts;
  say(
    `${dryRun ? "dry run: " : ""}${stored} stored, ${partly} partly, ` +
      `${rejected} still rejected, ${gone} gone, ${failed} failed`,
  );
  return partly + rejected + failed;
}

const answerLine = ({ seq, outcome, readings, detail }: ReplayAnswer, dryRun: boolean): string => {
  const count = `${readings} ${readings === 1 ? "reading" : "readings"}`;
  const verdict = outcome === "stored" || outcome === "partly" ? `${outcome}, ${count}` : outcome;
  return `${seq} ${dryRun ? "would be " : ""}${verdict}${detail === "" ? "" : `: ${detail}`}`;
};

const queryOf = ({ region, reason, device, since }: Place & Filters) => ({
  region,
  ...(reason === undefined ? {} : { reason }),
  ...(device === undefined ? {} : { device }),
  ...(since === undefined ? {} : { sinceMs: since }),
});

async function withNats<T>(place: Place, use: (nats: NatsConnection) => Promise<T>): Promise<T> {
  const target = { url: natsTarget(place, place.region), name: "skerry rejects" };
  const soon = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const connection = await connectNats(target, makeLogger({}, "silent"), soon);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

const parseCount = (raw: string): number => orInvalid(() => as.integer(1)(raw));

/** Epoch ms. */
const parseSince = (raw: string): number =>
  orInvalid(() => {
    if (/^\d{4}-/.test(raw)) {
      const ms = Date.parse(raw);
      if (Number.isNaN(ms)) throw new Error(`must be a time, not "${raw}"`);
      return ms;
    }
    return Date.now() - as.durationMs(raw);
  });

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}
