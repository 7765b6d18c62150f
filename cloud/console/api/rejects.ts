// Rejects: what gateways refused and kept, where it is at fault, and admitting it again.
import type { MappingTable } from "../../../contracts/mapping.ts";
import {
  REJECT_REASONS,
  type Reject,
  type RejectReason,
} from "../../../contracts/messages/reject.ts";
import { rejectAddress, rejectFilter, rejectsStream } from "../../../contracts/names/subjects.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { readVersions } from "../../operations/contracts/publish.ts";
import { withVersions } from "../../operations/contracts/impact.ts";
import { tryMapping } from "../../operations/mappings/try-mapping.ts";
import { failingPlaces } from "../../operations/rejects/failing-place.ts";
import {
  type KeptReject,
  findRejects,
  goneRejects,
  rejectAt,
  rejectSeqs,
} from "../../operations/rejects/find.ts";
import { replayRejects } from "../../operations/rejects/replay.ts";
import type { Hub } from "../hub.ts";
import type { Jobs } from "../jobs.ts";
import { JOB } from "./activity.ts";
import { Problem, invalid, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  anything,
  flag,
  integer,
  limit,
  list,
  object,
  oneOf,
  orNull,
  query,
  text,
  timeMs,
} from "./schema.ts";
import { SCHEMA_FILE } from "./contracts.ts";
import { tableOf } from "./mappings.ts";

/** Characters of a payload in a list. */
const PREVIEW_CHARS = 200;
const REGION_ANSWERS_WITHIN_MS = 2_000;

const REJECT = object({
  seq: integer("its place in the region's stream"),
  region: text(),
  reason: oneOf(REJECT_REASONS),
  detail: text("the exact fault, naming the field"),
  topic: text(),
  clientId: text(),
  device: text("the device that topic or mapping name, else the client id"),
  contract: orNull(text()),
  version: orNull(integer()),
  receivedAtMs: timeMs("when it arrived"),
  mapping: orNull(text("the mapping entry that was tried")),
  elements: orNull(list(integer(), "which elements of the array were refused")),
  traceparent: orNull(text("W3C trace context")),
  contentType: orNull(text()),
  payload: text("how it begins, as text"),
  payloadBytes: integer(),
  isDone: orNull(flag("it was replayed and is stored; null while the region does not say")),
});

const PLACE = object({
  pointer: text("JSON pointer into the payload"),
  message: text(),
  range: orNull(list(integer(), "characters of the text, from and up to")),
});

const QUERY = {
  region: text(),
  reason: oneOf(REJECT_REASONS),
  device: text("of this device, or client where no device is known"),
  contract: text("of this published contract; ? for those whose contract nobody knows"),
  sinceMs: timeMs("arrived since"),
};

interface Filter {
  readonly region: string;
  readonly reason?: RejectReason;
  readonly device?: string;
  readonly contract?: string;
  readonly sinceMs?: number;
}

const bytesOf = ({ payload }: Reject): Buffer => Buffer.from(payload, "base64");

/** Rejects that are not in their region any more. */
type Gone = Pick<ReadonlySet<number>, "has">;

const shown = (region: string, { seq, reject }: KeptReject, gone: Gone | null) => ({
  seq,
  region,
  reason: reject.reason,
  detail: reject.detail,
  topic: reject.topic,
  clientId: reject.clientId,
  device: reject.device,
  contract: reject.contract,
  version: reject.version,
  receivedAtMs: reject.receivedAtMs,
  mapping: reject.mapping ?? null,
  elements: reject.elements ?? null,
  traceparent: reject.traceparent ?? null,
  contentType: reject.contentType ?? null,
  payload: bytesOf(reject).toString("utf8").slice(0, PREVIEW_CHARS),
  payloadBytes: bytesOf(reject).length,
  isDone: gone === null ? null : gone.has(seq),
});

/** Rejects that a replay took out of the region's stream, and that stay in the hub's copy; null while the region is away. */
async function removedThere({ connection }: Hub, region: string): Promise<Gone | null> {
  if (region === HUB) return new Set();
  const streams = new Streams(connection, { domain: region, timeoutMs: REGION_ANSWERS_WITHIN_MS });
  return streams.removed(rejectsStream(region)).catch(() => null);
}

const PARAMS = object({ region: text(), seq: integer() });

export const rejectRoutes = (hub: Hub, jobs: Jobs): Route[] => [
  ...listRoutes(hub),
  ...oneRoutes(hub),
  replayRoute(hub, jobs),
];

function checkRegion({ regions }: Hub, region: string): void {
  if (region !== HUB && !regions.includes(region))
    throw notFound(`There is no region "${region}".`);
}

async function found(hub: Hub, region: string, seq: number): Promise<KeptReject> {
  checkRegion(hub, region);
  const kept = await rejectAt(hub.connection, region, seq);
  if (!kept) throw notFound(`There is no reject ${seq} in ${region} (any more).`);
  return kept;
}

const listRoutes = (hub: Hub): Route[] => [
  route<unknown, Partial<Filter> & { limit: number }>({
    method: "GET",
    path: "/rejects",
    summary: "The newest rejects of a region, or of all, newest first",
    role: "viewer",
    query: query({ ...QUERY, limit: limit(100, 1_000) }),
    answer: object({
      rejects: list(REJECT),
      dropped: integer("older ones that are not kept any more"),
    }),
    handle: async ({ query: { limit, region: one, ...filter } }) => {
      if (one !== undefined) checkRegion(hub, one);
      const regions = one === undefined ? [HUB, ...hub.regions] : [one];
      const pages = regions.map(async (region) => {
        const of = { ...filter, region };
        const gone = await removedThere(hub, region);
        const kept = await findRejects(hub.connection, of, limit);
        const dropped = await goneRejects(hub.connection, of);
        return { rejects: kept.map((each) => shown(region, each, gone)), dropped };
      });
      const all = await Promise.all(pages);
      const rejects = all.flatMap((page) => page.rejects);
      rejects.sort((a, b) => b.receivedAtMs - a.receivedAtMs || b.seq - a.seq);
      const dropped = all.reduce((sum, page) => sum + page.dropped, 0);
      return { rejects: rejects.slice(0, limit), dropped };
    },
  }),
  route({
    method: "GET",
    path: "/rejects/summary",
    summary:
      "The number of rejects by region, reason, device and contract, as far as they are kept",
    role: "viewer",
    answer: object({
      groups: list(
        object({
          region: text(),
          reason: text(),
          device: text(),
          contract: orNull(text("null where nobody knows it")),
          count: integer(),
        }),
        "most first",
      ),
      more: integer("groups beyond those"),
    }),
    handle: async () => summaryOf(hub),
  }),
];

const oneRoutes = (hub: Hub): Route[] => [
  route<{ region: string; seq: number }>({
    method: "GET",
    path: "/rejects/:region/:seq",
    summary: "Everything of one reject, and the place that is at fault",
    role: "viewer",
    params: PARAMS,
    answer: object({
      reject: REJECT,
      text: orNull(text("the whole payload; null where it is no UTF-8")),
      base64: text("the raw bytes"),
      schema: orNull(anything("the contract's schema")),
      places: list(PLACE, "what is at fault, where that is known"),
    }),
    handle: async ({ params: { region, seq } }) => {
      const kept = await found(hub, region, seq);
      const { reject } = kept;
      const body = textOf(bytesOf(reject));
      return {
        reject: shown(region, kept, await removedThere(hub, region)),
        text: body,
        base64: reject.payload,
        schema: await schemaOf(hub, reject),
        places: body === null ? [] : failingPlaces(reject, body, hub.catalog),
      };
    },
  }),
  route<{ region: string; seq: number }, unknown, Mending>({
    method: "POST",
    path: "/rejects/:region/:seq/trial",
    summary: "Say what would become of a reject with other contracts or another mapping table",
    role: "viewer",
    changesNothing: true,
    params: PARAMS,
    body: object(
      {
        contracts: list(SCHEMA_FILE, "versions that are not published yet"),
        mappings: anything("a mapping table, docs/reference/mappings.md"),
      },
      { optional: ["contracts", "mappings"] },
    ),
    answer: object({ isRefused: flag(), lines: list(text()) }),
    handle: async ({ params: { region, seq }, body }) => {
      const { reject } = await found(hub, region, seq);
      return tryAgain(hub, reject, body);
    },
  }),
];

const replayRoute = (hub: Hub, jobs: Jobs): Route =>
  route<unknown, unknown, Filter & { seqs?: number[]; dryRun: boolean }>({
    method: "POST",
    path: "/rejects/replay",
    summary: "Admit rejects again, as of their arrival; the answer is work whose progress is told",
    // Of an operator also as a dry run, because it keeps the region and one of few places for work busy; it is no change.
    role: "operator",
    changesNothing: (body) => (body as { dryRun?: unknown } | null)?.dryRun === true,
    body: object(
      {
        ...QUERY,
        region: oneOf(hub.regions),
        seqs: list(integer(), "just these"),
        dryRun: flag("only say what would happen"),
      },
      { optional: ["reason", "device", "contract", "sinceMs", "seqs"] },
    ),
    answer: JOB,
    status: 202,
    handle: async ({ body: { seqs, dryRun, region, ...filter }, who }) => {
      const wanted = seqs ?? (await rejectSeqs(hub.connection, { region, ...filter }));
      const gone = await removedThere(hub, region);
      if (gone === null)
        throw new Problem(503, "The region does not answer", {
          detail: `What is refused in ${region} is admitted there: the WAN has to be up.`,
        });
      const rest = wanted.filter((seq) => !gone.has(seq));
      const kind = `${dryRun ? "dry run of a replay" : "replay"} in ${region}`;
      return jobs.start({ kind, by: who.name, total: rest.length }, async (report) => {
        await replayRejects(hub.connection, rest, { region, dryRun }, (answer) =>
          report(answer.outcome, answer.detail === "" ? null : `${answer.seq}: ${answer.detail}`),
        );
      });
    },
  });

interface Mending {
  readonly contracts?: readonly { name: string; version: number; schema: object }[];
  readonly mappings?: unknown;
}

function tryAgain({ catalog }: Hub, reject: Reject, { contracts = [], mappings = [] }: Mending) {
  let table: MappingTable;
  let known: Catalog;
  try {
    table = tableOf(mappings);
    known = withVersions(catalog, contracts);
  } catch (error) {
    throw invalid(messageOf(error));
  }
  const { topic, contentType, receivedAtMs } = reject;
  return tryMapping(table, known, { topic, payload: bytesOf(reject), contentType, receivedAtMs });
}

async function schemaOf(hub: Hub, { contract, version }: Reject): Promise<object | null> {
  if (contract === null) return null;
  const { versions } = await readVersions(hub.connection);
  const of = versions.filter(({ name }) => name === contract);
  return (of.find((one) => one.version === version) ?? of.at(-1))?.schema ?? null;
}

function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Groups in an answer. */
const GROUPS_MAX = 1_000;

interface Group {
  readonly region: string;
  readonly reason: string;
  readonly device: string;
  readonly contract: string | null;
  readonly count: number;
}

async function summaryOf({ connection, regions }: Hub) {
  const streams = new Streams(connection);
  const groups: Group[] = [];
  for (const region of [HUB, ...regions]) {
    const counts = await streams.subjects(rejectsStream(region), rejectFilter({ region }));
    for (const [subject, count] of counts) {
      const address = rejectAddress(subject);
      if (address) groups.push({ region, ...address, count });
    }
  }
  groups.sort((a, b) => b.count - a.count);
  return { groups: groups.slice(0, GROUPS_MAX), more: Math.max(0, groups.length - GROUPS_MAX) };
}
