import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import {
  type RefillCounts,
  type RefillState,
  refill,
} from "../../cloud/aggregator/refill/refill.ts";
import { count } from "../../cloud/operations/words.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { INFLUX_SINK_OPTIONS, openInfluxSink } from "../../cloud/sinks/influx/open-influx-sink.ts";
import { urlOfUser, WRITER } from "../../cloud/sinks/influx/set-up.ts";
import { formatProblem } from "../../contracts/messages/format.ts";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { knownContracts } from "../../cloud/operations/rules/contracts.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { regionsOf } from "../../platform/nats/lanes/copies.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { type Env } from "../../platform/runtime/secret-files.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { findInstallation, type Place } from "./kit/addresses.ts";
import { SILENT, withNats } from "./kit/connection.ts";
import { environmentOf } from "./kit/credentials.ts";
import { type Say, example, parsePositive, parseSince, place } from "./kit/options.ts";
import { remark } from "./kit/output.ts";
import { Progress } from "./kit/progress.ts";

const MINUTE_MS = 60_000;
const RATE_DEFAULT = 5_000;
/** A store that is away is named while it is waited for. */
const TELL_EVERY_MS = 1_000;

interface Flags extends Place {
  readonly since: number;
  readonly until?: number;
  readonly contract?: string;
  readonly region: readonly string[];
  readonly rate: number;
  readonly state: string;
  readonly schemas: string;
}

/** `skerry refill`: a time in InfluxDB, made again from the log. */
export function addRefillCommand(program: Command, say: Say): void {
  const command = example(
    place(program.command("refill")),
    "refill --since 2d",
    "refill --since 2026-11-27T00:00Z --until 2026-11-28T00:00Z --contract environment --rate 20000",
  ).description(
    "Write readings and rollups of a time to InfluxDB once more, from the hub's copies of the logs: after InfluxDB was restored or lost. What is there already stays as it is. InfluxDB is that of the local installation, or what SKERRY_INFLUX_URL and its like say.",
  );
  command
    .requiredOption("--since <time>", "a time of readings, or a duration before now", parseSince)
    .option("--until <time>", "up to it (default: now)", parseSince)
    .option("--contract <name>", "readings and rollups of one contract only")
    .option(
      "--region <name>",
      "of one region only; repeat it",
      (raw: string, before: readonly string[]) => [...before, raw],
      [],
    )
    .option("--rate <n>", "readings a second at most", parsePositive, RATE_DEFAULT)
    .option(
      "--state <file>",
      "where progress is kept: an interrupted refill goes on",
      "skerry-refill.json",
    )
    .option("--schemas <dir>", "contracts, beside those that are published", SCHEMAS_DIRECTORY)
    .action((flags: Flags) => run(flags, say));
}

async function run(flags: Flags, say: Say): Promise<void> {
  const wanted = rangeOf(flags);
  const sink = openInfluxSink(loadConfig(INFLUX_SINK_OPTIONS, influxEnv(flags)), SILENT);
  const state = stateOf(flags.state, wanted);
  const ending = new AbortController();
  const writing = sink.run(ending.signal);
  const stop = new AbortController();
  const stopped = (): void => stop.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stopped);
  try {
    await withNats(flags, HUB, async (connection) => {
      const known = await regionsOf(new Streams(connection));
      const unknown = flags.region.find((name) => !known.includes(name));
      if (unknown !== undefined)
        throw refused(`the hub has no log of region ${unknown}, only of ${known.join(", ")}`);
      const catalog = await knownContracts(connection, flags.schemas);
      using progress = new Progress("refilling readings", null);
      const save = (now: RefillState): void => writeWhole(flags.state, JSON.stringify(now));
      const warn = (text: string): void => remark(`skerry: ${text}`);
      const of = { connection, sink, catalog, state, save, progress, warn, logger: SILENT };
      const regions = flags.region.length === 0 ? known : flags.region;
      const telling = setInterval(() => {
        if (sink.status.state === "refusing") progress.at(sink.status.detail);
      }, TELL_EVERY_MS);
      const refilling = refill({ ...of, rate: flags.rate }, regions, stop.signal);
      const counts = await refilling.finally(() => clearInterval(telling));
      progress.clear();
      say(textOf(counts));
    });
  } finally {
    ending.abort();
    await writing;
  }
  if (stop.signal.aborted) {
    process.exitCode = 1;
    say(`interrupted; the same command goes on (its progress is in ${flags.state})`);
  } else rmSync(flags.state, { force: true });
}

const textOf = ({ readings, rollups, revised, long, ...not }: RefillCounts): string =>
  `${count(readings, "reading")} and ${count(rollups, "rollup")} written, ${count(revised, "rollup")} of late readings, ${count(long, "rollup")} of hours and days` +
  (not.refused === 0 ? "" : `; InfluxDB refused ${count(not.refused, "reading")}`) +
  (not.unreadable === 0 ? "" : `; ${count(not.unreadable, "frame")} could not be read`);

/** Whole minutes: a rollup is of one. */
function rangeOf({ since, until = Date.now(), contract }: Flags): Omit<RefillState, "lanes"> {
  const sinceMs = Math.floor(since / MINUTE_MS) * MINUTE_MS;
  const untilMs = Math.ceil(until / MINUTE_MS) * MINUTE_MS;
  if (untilMs <= sinceMs) throw refused("--until must be after --since");
  return { sinceMs, untilMs, contract: contract ?? null };
}

/** The state of a refill that was interrupted; durations before now mean what they meant then. */
function stateOf(path: string, wanted: Omit<RefillState, "lanes">): RefillState {
  if (!existsSync(path)) return { ...wanted, lanes: {} };
  const before = JSON.parse(readFileSync(path, "utf8")) as RefillState;
  const newer = formatProblem("refill state", before);
  if (newer !== null) throw refused(`${path}: ${newer}`);
  const shift = Math.abs(before.sinceMs - wanted.sinceMs);
  if (before.contract !== wanted.contract || shift > before.untilMs - before.sinceMs)
    throw refused(
      `${path} is of another refill, from ${new Date(before.sinceMs).toISOString()}: finish that one, delete the file, or name another with --state`,
    );
  remark(
    `skerry: going on with the refill of ${new Date(before.sinceMs).toISOString()} to ${new Date(before.untilMs).toISOString()}`,
  );
  return before;
}

function writeWhole(path: string, text: string): void {
  const beside = join(dirname(resolve(path)), `.${process.pid}.refill`);
  writeFileSync(beside, text, { mode: 0o600 });
  renameSync(beside, path);
}

/** The variables of an aggregator; those of a local installation are found. */
function influxEnv({ nats, dataDir }: Flags): Env {
  const env = environmentOf();
  if (nats !== undefined || env["SKERRY_INFLUX_URL"] !== undefined) return env;
  const { path, addresses } = findInstallation(dataDir);
  if (addresses.influx === undefined) throw refused(`${path} names no InfluxDB`);
  const file = join(dirname(path), "secrets", `influx-${WRITER}`);
  return {
    SKERRY_INFLUX_URL: urlOfUser(addresses.influx, WRITER),
    ...(existsSync(file) ? { SKERRY_INFLUX_PASSWORD_FILE: file } : {}),
    ...(addresses.ca === undefined ? {} : { SKERRY_INFLUX_TLS_CA: addresses.ca }),
  };
}
