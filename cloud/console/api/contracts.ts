// Contracts: their versions, who sends what, and what a new version would change.
import { contractsOf } from "../../../contracts/rules/rule.ts";
import {
  COMPATIBILITY_MODES,
  type CompatibilityMode,
} from "../../../contracts/schema/compatibility.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import {
  type KnownVersion,
  publishContracts,
  readVersions,
} from "../../operations/contracts/publish.ts";
import { impactOf } from "../../operations/contracts/impact.ts";
import type { Hub } from "../hub.ts";
import type { DeviceWatch } from "../live/device-watch.ts";
import type { RuleShelf } from "../rules/rule-shelf.ts";
import { Problem, invalid, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { flag, integer, list, object, oneOf, orNull, record, text, timeMs } from "./schema.ts";

const SCHEMA = { type: "object", description: "docs/reference/contracts.md" } as const;

export const SCHEMA_FILE = object({ name: text(), version: integer(), schema: SCHEMA });

const FIELD = object({
  name: text(),
  type: oneOf(["number", "integer", "boolean", "string"]),
  unit: orNull(text("UCUM code")),
});

const VERSION = object({
  name: text(),
  version: integer(),
  published: orNull(
    object({
      atMs: timeMs("when it was published"),
      mode: text("what it was compared in"),
      reason: orNull(text("the reason for which it may break earlier ones")),
    }),
  ),
  senders: integer("devices whose last reading is of it, since the console started"),
  fields: list(FIELD),
  tags: list(text()),
  partitionKey: text(),
  identity: oneOf(["sequence", "time", "none"]),
  schema: SCHEMA,
});

const REPORT = object({
  problems: list(text(), "each is a refusal"),
  warnings: list(text()),
  summary: text(),
  impact: list(text(), "what rests on it and would be another"),
});

interface Wanted {
  readonly name: string;
  readonly version?: number;
  readonly schema: object;
  readonly mode: CompatibilityMode;
  readonly reason?: string;
}

const WANTED = object(
  {
    name: text(),
    version: integer("without it the next one", { minimum: 1 }),
    schema: SCHEMA,
    mode: {
      ...oneOf(COMPATIBILITY_MODES, "what it must keep to all earlier ones; NONE needs a reason"),
      default: "BACKWARD",
    },
    reason: text("with mode NONE: why; it is kept"),
  },
  { optional: ["version", "reason", "mode"] },
);
interface Parts {
  readonly hub: Hub;
  readonly devices: DeviceWatch;
  readonly rules: RuleShelf;
}

export const contractRoutes = (parts: Parts): Route[] => [
  ...lookingRoutes(parts),
  ...publishingRoutes(parts),
];

function lookingRoutes({ hub, devices, rules }: Parts): Route[] {
  const shown = ({ name, version, schema, published }: KnownVersion) => {
    const contract = hub.catalog.get(name, version);
    return {
      name,
      version,
      published: published && {
        atMs: published.publishedAtMs,
        mode: published.mode,
        reason: published.reason ?? null,
      },
      senders: devices.senders[`${name} v${version}`] ?? 0,
      fields: (contract?.fields ?? []).map(({ name, type, unit }) => ({
        name,
        type,
        unit: unit ?? null,
      })),
      tags: contract?.tags ?? [],
      partitionKey: contract?.partitionKey ?? "device",
      identity: contract?.identity ?? "none",
      schema,
    };
  };
  return [
    route({
      method: "GET",
      path: "/contracts",
      summary: "Every version that is published or ships",
      role: "viewer",
      answer: object({
        versions: list(VERSION),
        broken: list(text(), "entries that everybody ignores"),
        senders: record(integer(), "devices by contract and version"),
      }),
      handle: async () => {
        const { versions, broken } = await readVersions(hub.connection);
        return { versions: versions.map(shown), broken, senders: devices.senders };
      },
    }),
    route<{ name: string }>({
      method: "GET",
      path: "/contracts/:name",
      summary: "The versions of one contract, and the rules that read it",
      role: "viewer",
      params: object({ name: text() }),
      answer: object({ versions: list(VERSION), rules: list(text(), "ids") }),
      handle: async ({ params: { name } }) => {
        const { versions } = await readVersions(hub.connection);
        const own = versions.filter((one) => one.name === name);
        if (own.length === 0) throw notFound(`There is no contract "${name}".`);
        const readers = (await rules.all()).filter(({ rule }) => contractsOf(rule).includes(name));
        return { versions: own.map(shown), rules: readers.map(({ rule }) => rule.id) };
      },
    }),
  ];
}

function publishingRoutes({ hub, rules }: Parts): Route[] {
  const toFile = async ({ name, version, schema, mode, reason }: Wanted) => {
    const { versions } = await readVersions(hub.connection);
    const newest = versions.findLast((one) => one.name === name)?.version ?? 0;
    const file = { name, version: version ?? newest + 1, schema, path: "the schema" };
    if (mode === "NONE" && (reason ?? "").trim() === "")
      throw invalid("Mode NONE needs a reason: why readings of earlier versions may be refused.");
    return { file, options: { mode, ...(mode === "NONE" ? { reason: reason! } : {}) } };
  };
  const impact = async (file: { name: string; version: number; schema: object }) => {
    try {
      return impactOf(
        file,
        hub.catalog,
        (await rules.all()).map(({ rule }) => rule),
      );
    } catch (error) {
      return [messageOf(error)];
    }
  };
  return [
    route<unknown, unknown, Wanted>({
      method: "POST",
      path: "/contracts/check",
      summary: "Compare a new version with all earlier ones, and say what it would change",
      role: "viewer",
      changesNothing: true,
      body: WANTED,
      answer: object({ isAllowed: flag(), version: integer(), report: REPORT }),
      handle: async ({ body }) => {
        const { file, options } = await toFile(body);
        const all = { files: [file], ...options, dryRun: true };
        const report = await publishContracts(hub.connection, all);
        return {
          isAllowed: report.problems.length === 0,
          version: file.version,
          report: { ...report, impact: await impact(file) },
        };
      },
    }),
    route<unknown, unknown, Wanted>({
      method: "POST",
      path: "/contracts",
      summary: "Publish a new version, from where every region gets it",
      role: "operator",
      body: WANTED,
      answer: object({ version: integer(), report: REPORT }),
      status: 201,
      handle: async ({ body }) => {
        const { file, options } = await toFile(body);
        const said = await impact(file);
        const report = await publishContracts(hub.connection, { files: [file], ...options });
        if (report.problems.length > 0)
          throw new Problem(422, "The version may not be published", {
            detail: report.problems.join("; "),
            errors: report.problems.map((message) => ({ at: "", message })),
          });
        return { version: file.version, report: { ...report, impact: said } };
      },
    }),
  ];
}
