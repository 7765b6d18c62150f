// `skerry learn`: mappings and contracts for messages that nobody has any for, proposed, confirmed, and put in force.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { parseMappings } from "../../contracts/mapping.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { compileFile, loadCatalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { publishContracts, readVersions } from "../../cloud/operations/contracts/publish.ts";
import { keptSamples, untilInForce } from "../../cloud/operations/learn/kept.ts";
import { addLearned, readLearned } from "../../cloud/operations/learn/learned-file.ts";
import type { Proposal } from "../../cloud/operations/learn/proposal.ts";
import { type Judged, type Lesson, learnFrom } from "../../cloud/operations/learn/learn.ts";
import { readRecording } from "../../cloud/operations/learn/recording.ts";
import type { Sample } from "../../cloud/operations/learn/sample.ts";
import { readInForce, readShippedTables } from "../../cloud/operations/learn/shipped-files.ts";
import { replayRejects } from "../../cloud/operations/rejects/replay.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { count } from "../../cloud/operations/words.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { type Place, findInstallation } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parseSince, place } from "./kit/options.ts";
import { remark, sayJson } from "./kit/output.ts";
import { UsageError } from "./kit/usage-error.ts";
import { Answers, choose } from "./learn/ask.ts";
import { edited } from "./learn/edit.ts";
import { sendSamples } from "./learn/send.ts";
import { jsonOf, proposalLines } from "./learn/words.ts";

/** Longer than gateways take to look at their mapping files. */
const IN_FORCE_WITHIN_MS = 20_000;
const GATEWAYS_LOOK_MS = 3_000;

interface Flags extends Place {
  readonly region?: string;
  readonly recording?: string;
  readonly since?: number;
  readonly limit: number;
  readonly inForce?: string;
  readonly mappings?: string;
  readonly schemas: string;
  readonly zone?: string;
  readonly send?: string;
  readonly yes: boolean;
  readonly json: boolean;
  readonly dryRun: boolean;
}

export function addLearnCommand(program: Command, say: Say): void {
  example(
    place(program.command("learn"), "the hub's, or a region's"),
    "learn --region eu",
    "learn --recording traffic.ndjson --dry-run",
    "learn --recording traffic.ndjson --yes --send mqtt://127.0.0.1:14212",
  )
    .description(
      "Propose mappings and contracts for messages that nobody has any for, and put in force what is confirmed; exit status 1 if anything of it is not stored.",
    )
    .option("--region <name>", "learn from the rejects of this region, and replay them")
    .option(
      "--recording <file>",
      "learn from lines of JSON, as mosquitto_sub -F %j writes them; - for what is piped in",
    )
    .option("--since <when>", "rejects that arrived since: 2h, 7d, or an ISO 8601 time", parseSince)
    .option("--limit <n>", "how many rejects, the newest", parseCount, 5_000)
    .option(
      "--in-force <path>",
      "what SKERRY_MAPPINGS of the gateways names (default: of the local installation)",
    )
    .option(
      "--mappings <file>",
      "the file that takes what is learned (default: mappings/learned.json of the local installation)",
    )
    .option(
      "--schemas <dir>",
      "contracts that gateways have by file, {name}/v{number}.json",
      SCHEMAS_DIRECTORY,
    )
    .option(
      "--zone <zone>",
      "zone of times that have none: Europe/Berlin (default: what the arrivals show)",
    )
    .option(
      "--send <url>",
      "with --recording: a gateway to send the recorded messages to, mqtt://user:password@host:port",
    )
    .option("--yes", "confirm everything", false)
    .option("--json", "print the proposals as JSON; without --yes nothing is changed", false)
    .option("--dry-run", "only show the proposals", false)
    .action((flags: Flags) => learn(flags, say));
}

async function learn(flags: Flags, say: Say): Promise<void> {
  if ((flags.region === undefined) === (flags.recording === undefined))
    throw new UsageError("learn needs one of --region and --recording");
  if (flags.send !== undefined && flags.recording === undefined)
    throw new UsageError("--send belongs to --recording: rejects are replayed");
  const changes = !flags.dryRun && (flags.yes || !flags.json);
  if (changes && flags.recording === "-" && !flags.yes)
    throw new UsageError("with --recording - nobody can be asked: say --yes, --json or --dry-run");
  const files = filesOf(flags, changes);
  const samples = await samplesOf(flags);
  const catalog = await catalogOf(flags);
  const inForce = readInForce(files.inForce);
  const lesson = learnFrom(samples, {
    ...{ catalog, inForce, shipped: readShippedTables(), zone: flags.zone },
  });
  const { questions: all, handled } = lesson;
  if (flags.json)
    sayJson(say, { proposals: all.map(jsonOf), handled: handled.length, ignored: lesson.ignored });
  else say(summaryLine(lesson, samples.length));
  const accepted = await confirm(all, flags, { changes, say, catalog });
  if (!changes) return;
  await putInForce(accepted, handled, flags, { file: files.learned!, say });
}

function summaryLine({ questions, handled, ignored, own }: Lesson, messages: number): string {
  const parts = [
    `${count(messages, "message")}: ${count(questions.length, "question")}`,
    `${handled.length} have a mapping already`,
    ...(ignored > 0 ? [`${ignored} are ignored already`] : []),
    ...(own > 0 ? [`${own} are on Skerry's own topics, which no mapping has`] : []),
  ];
  return parts.join("; ");
}

/** The person's answers. */
async function confirm(
  all: readonly Judged[],
  flags: Flags,
  { changes, say, catalog }: { changes: boolean; say: Say; catalog: Catalog },
): Promise<Proposal[]> {
  using answers = changes && !flags.yes ? new Answers() : null;
  const accepted: Proposal[] = [];
  for (const [at, one] of all.entries()) {
    let current = one;
    if (!flags.json)
      for (const line of ["", ...proposalLines(current, `[${at + 1}/${all.length}]`)]) say(line);
    if (answers === null) {
      if (current.proposal.kind !== "none") accepted.push(current.proposal);
      continue;
    }
    for (;;) {
      const isMapped = current.proposal.kind === "map";
      const what = isMapped
        ? "take it? y(es) n(o) i(gnore) e(dit) q(uit)"
        : "ignore these topics? y(es) n(o) q(uit)";
      const choice = await choose(answers, say, what);
      if (choice === "quit") return accepted;
      if (choice === "edit" && isMapped) {
        current = await edited(current, { answers, say, catalog });
        for (const line of proposalLines(current, "edited")) say(line);
        continue;
      }
      if (choice === "ignore" || (choice === "yes" && current.proposal.kind === "none"))
        accepted.push(asIgnored(current.proposal));
      else if (choice === "yes") accepted.push(current.proposal);
      break;
    }
  }
  return accepted;
}

/** Its topics one by one: what is like them may be something else. */
const asIgnored = (proposal: Proposal): Proposal => ({
  ...proposal,
  ...{ kind: "ignore", entries: [], contracts: [] },
  ignore: [...new Set(proposal.samples.map(({ topic }) => topic))],
});

/** Contracts, then the file, then the messages: each needs the one before. */
async function putInForce(
  accepted: readonly Proposal[],
  handled: readonly Sample[],
  flags: Flags,
  { file, say }: { file: string; say: Say },
): Promise<void> {
  const entries = accepted.flatMap((one) => one.entries);
  const ignore = accepted.flatMap((one) => one.ignore);
  const contracts = accepted.flatMap((one) => one.contracts);
  const tell = flags.json ? remark : say;
  tell("");
  if (accepted.length === 0 && handled.length === 0)
    return tell("nothing is confirmed, nothing was changed");
  parseMappings({ mappings: entries });
  if (contracts.length > 0) {
    const wanted = contracts.map((one) => ({ ...one, path: `${one.name} v${one.version}` }));
    const report = await withNats(flags, HUB, (hub) =>
      publishContracts(hub, { files: wanted, mode: "BACKWARD" }),
    );
    if (report.problems.length > 0) throw refused(report.problems.join("\n"));
    tell(report.summary);
  }
  if (entries.length + ignore.length > 0) {
    addLearned(file, entries, ignore);
    tell(
      `${file}: ${count(entries.length, "mapping")} and ${count(ignore.length, "ignored topic filter")} more; gateways of this machine take them up within a second`,
    );
  }
  const mapped = [
    ...accepted.filter(({ kind }) => kind === "map").flatMap(({ samples }) => samples),
    ...handled,
  ];
  if (mapped.length === 0) return;
  if (flags.region !== undefined) await replay(mapped, flags.region, flags, tell);
  else if (flags.send !== undefined) await send(mapped, flags.send, tell);
}

async function replay(
  samples: readonly Sample[],
  region: string,
  flags: Flags,
  tell: Say,
): Promise<void> {
  const seqs = samples.map(({ at }) => at).sort((a, b) => a - b);
  await withNats(flags, region, async (nats) => {
    const signal = AbortSignal.timeout(IN_FORCE_WITHIN_MS);
    const why = await untilInForce(nats, { region, seq: seqs[0]!, signal });
    if (why !== null) remark(`the gateways of ${region} do not take reject ${seqs[0]}: ${why}`);
    const problems: string[] = [];
    const { stored, partly, rejected, gone, failed } = await replayRejects(
      nats,
      seqs,
      { region, dryRun: false },
      ({ seq, outcome, detail }) => {
        if (outcome !== "stored" && outcome !== "gone")
          problems.push(`${seq} ${outcome}: ${detail}`);
      },
    );
    for (const problem of problems) remark(problem);
    tell(
      `replayed: ${stored} stored, ${partly} partly, ${rejected} still rejected, ${gone} gone, ${failed} failed`,
    );
    if (partly + rejected + failed > 0) process.exitCode = 1;
  });
}

async function send(samples: readonly Sample[], url: string, tell: Say): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, GATEWAYS_LOOK_MS));
  const sent = await sendSamples(url, samples);
  for (const problem of sent.refused) remark(problem);
  tell(`sent: ${sent.stored} stored, ${sent.refused.length} refused`);
  if (sent.refused.length > 0) process.exitCode = 1;
}

function filesOf(flags: Flags, changes: boolean): { inForce: string; learned: string | undefined } {
  const isNamed = flags.inForce !== undefined && (flags.mappings !== undefined || !changes);
  const local = isNamed || flags.nats !== undefined ? undefined : installed(flags);
  const learned = flags.mappings ?? local?.learned;
  if (changes && learned === undefined)
    throw new UsageError(
      "learn needs --mappings: the file that takes what is learned, in a directory that SKERRY_MAPPINGS of the gateways names",
    );
  if (learned !== undefined) readLearned(learned);
  return { inForce: flags.inForce ?? local?.inForce ?? "", learned };
}

function installed(flags: Flags): { inForce: string; learned: string } | undefined {
  try {
    return findInstallation(flags.dataDir).addresses.mappings;
  } catch (error) {
    // A recording is read without an installation, too.
    if (flags.recording === undefined) throw error;
    return undefined;
  }
}

async function samplesOf(flags: Flags): Promise<readonly Sample[]> {
  const { region, recording, since, limit } = flags;
  if (region !== undefined) {
    const of = { region, ...(since === undefined ? {} : { sinceMs: since }) };
    return withNats(flags, region, (nats) => keptSamples(nats, of, limit));
  }
  const text = readFileSync(recording === "-" ? 0 : recording!, "utf8");
  const { samples, left } = readRecording(text, Date.now());
  if (left > 0) remark(`${count(left, "line")} too many: the rest is not read`);
  return samples;
}

/** The contracts that gateways know: by file, and those that are published. */
async function catalogOf(flags: Flags): Promise<Catalog> {
  const isOffline =
    flags.recording !== undefined && flags.nats === undefined && installed(flags) === undefined;
  const catalog = loadCatalog(flags.schemas);
  if (isOffline) return catalog;
  const { versions } = await withNats(flags, HUB, readVersions);
  for (const one of versions)
    if (!catalog.get(one.name, one.version)) catalog.add(compileFile({ ...one, path: one.name }));
  return catalog;
}
