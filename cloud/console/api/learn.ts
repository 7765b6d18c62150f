// Learning from kept rejects: proposals with what each message would become, and putting in force what is confirmed.
import { parseMappingFile } from "../../../contracts/mapping.ts";
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { publishContracts } from "../../operations/contracts/publish.ts";
import { keptSamples, untilInForce } from "../../operations/learn/kept.ts";
import { type Judged, learnFrom } from "../../operations/learn/learn.ts";
import { addLearned } from "../../operations/learn/learned-file.ts";
import { readInForce, readShippedTables } from "../../operations/learn/shipped-files.ts";
import { replayRejects } from "../../operations/rejects/replay.ts";
import type { Hub } from "../hub.ts";
import type { Jobs } from "../jobs.ts";
import { JOB } from "./activity.ts";
import { SCHEMA_FILE } from "./contracts.ts";
import { Problem, invalid } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { anything, integer, list, object, oneOf, orNull, text, timeMs } from "./schema.ts";

/** Rejects that are looked at: inference takes a moment, and everybody waits for it. */
const SAMPLES_MAX = 500;
/** Messages of a proposal that are shown, of different topics first. */
const ROWS_MAX = 12;
const PAYLOAD_CHARS = 200;
/** Longer than gateways take to look at their mapping files. */
const IN_FORCE_WITHIN_MS = 20_000;

/** The mapping files of the gateways, as far as the console was told of them; empty: it was not. */
export interface LearnFiles {
  readonly inForce: string;
  /** The one that takes what is learned; empty: people copy it. */
  readonly learned: string;
}

const READING = object({
  device: text(),
  contract: text(),
  version: integer(),
  entry: text("the mapping entry"),
  atMs: timeMs("event time"),
  values: anything("properties of the reading"),
});

const PROPOSAL = object({
  kind: oneOf(["map", "ignore", "none"]),
  template: text("its topics"),
  from: orNull(text("the shipped table that fits")),
  device: text("where the device is found"),
  notes: list(text()),
  entries: list(anything("mapping entries, docs/reference/mappings.md")),
  contracts: list(SCHEMA_FILE, "new ones"),
  ignore: list(text("a topic filter")),
  seqs: list(integer(), "the rejects"),
  topics: list(text()),
  refused: integer("messages of which something would be refused still"),
  rows: list(
    object({
      topic: text(),
      payload: text("its beginning"),
      readings: list(READING),
      refused: list(text()),
    }),
    "what some of its messages would become",
  ),
});

interface Confirmed {
  readonly region: string;
  readonly entries: readonly MappingEntry[];
  readonly contracts: readonly { name: string; version: number; schema: object }[];
  readonly ignore: readonly string[];
  readonly seqs: readonly number[];
}

export const learnRoutes = (hub: Hub, jobs: Jobs, files: LearnFiles): Route[] => [
  route<unknown, unknown, { region: string; zone?: string }>({
    method: "POST",
    path: "/learn/proposals",
    summary: "Propose mappings and contracts for kept rejects that no mapping took",
    // Of an operator, because inference keeps the console busy; it is no change.
    role: "operator",
    changesNothing: true,
    body: object(
      { region: oneOf(hub.regions), zone: text("of local times: Europe/Berlin") },
      { optional: ["zone"] },
    ),
    answer: object({
      proposals: list(PROPOSAL),
      handled: list(integer(), "rejects that have a mapping by now"),
      ignored: integer("rejects on topics that are ignored already"),
      writes: orNull(text("the file that takes what is confirmed; null: people copy it")),
    }),
    handle: async ({ body: { region, zone } }) => {
      const samples = await keptSamples(hub.connection, { region }, SAMPLES_MAX);
      const lesson = learnFrom(samples, {
        catalog: hub.catalog,
        inForce: readInForce(files.inForce),
        shipped: readShippedTables(),
        zone,
      });
      return {
        proposals: lesson.questions.map(shown),
        handled: lesson.handled.map(({ at }) => at),
        ignored: lesson.ignored,
        writes: files.learned === "" ? null : files.learned,
      };
    },
  }),
  confirmRoute(hub, jobs, files),
];

const confirmRoute = (hub: Hub, jobs: Jobs, { learned }: LearnFiles): Route =>
  route<unknown, unknown, Confirmed>({
    method: "POST",
    path: "/learn",
    summary:
      "Publish contracts, put mappings and ignored topics in force, and admit the rejects again",
    role: "operator",
    body: object({
      region: oneOf(hub.regions),
      entries: list(anything("mapping entries, docs/reference/mappings.md")),
      contracts: list(SCHEMA_FILE, "new ones"),
      ignore: list(text("a topic filter")),
      seqs: list(integer(), "the rejects"),
    }),
    answer: JOB,
    status: 202,
    handle: async ({ body: { region, entries, contracts, ignore, seqs }, who }) => {
      if (learned === "" && entries.length + ignore.length > 0)
        throw new Problem(409, "The console writes no mapping file", {
          detail:
            "Say SKERRY_LEARNED_MAPPINGS, a file in a directory that SKERRY_MAPPINGS of the gateways names, or use npx skerry learn.",
        });
      try {
        parseMappingFile({ mappings: entries, ignore });
      } catch (error) {
        throw invalid(messageOf(error));
      }
      if (contracts.length > 0) {
        const wanted = contracts.map((one) => ({ ...one, path: `${one.name} v${one.version}` }));
        const all = { files: wanted, mode: "BACKWARD" } as const;
        const { problems } = await publishContracts(hub.connection, all);
        if (problems.length > 0)
          throw new Problem(422, "A contract may not be published", {
            detail: problems.join("; "),
          });
      }
      if (entries.length + ignore.length > 0) addLearned(learned, entries, ignore);
      const kind = `replay of what was learned in ${region}`;
      return jobs.start({ kind, by: who.name, total: seqs.length }, async (report) => {
        const [first] = seqs;
        if (first === undefined) return;
        const signal = AbortSignal.timeout(IN_FORCE_WITHIN_MS);
        const why = await untilInForce(hub.connection, { region, seq: first, signal });
        if (why !== null) throw new Error(`the gateways of ${region} do not take it: ${why}`);
        await replayRejects(hub.connection, seqs, { region, dryRun: false }, (answer) =>
          report(answer.outcome, answer.detail === "" ? null : `${answer.seq}: ${answer.detail}`),
        );
      });
    },
  });

function shown({ proposal, fates }: Judged) {
  const { samples, ...rest } = proposal;
  const firsts = [...Map.groupBy(samples.keys(), (at) => samples[at]!.topic).values()].map(
    ([first]) => first!,
  );
  const more = [...samples.keys()].filter((at) => !firsts.includes(at));
  return {
    ...rest,
    topics: [...new Set(samples.map(({ topic }) => topic))],
    seqs: samples.map(({ at }) => at),
    refused: fates.filter(({ refused }) => refused.length > 0).length,
    rows: [...firsts, ...more].slice(0, ROWS_MAX).map((at) => ({
      topic: samples[at]!.topic,
      payload: samples[at]!.payload.toString("utf8").slice(0, PAYLOAD_CHARS),
      ...fates[at]!,
    })),
  };
}
