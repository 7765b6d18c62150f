// Mappings: the table of the gateways, and trying one.
import { type MappingTable, parseMappings } from "../../../contracts/mapping.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { contractProblems } from "../../operations/mappings/contract-problems.ts";
import { tryMapping } from "../../operations/mappings/try-mapping.ts";
import type { Hub } from "../hub.ts";
import { invalid } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { anything, flag, list, object, orNull, text, timeMs } from "./schema.ts";

const TABLE = anything("a mapping table, docs/reference/mappings.md");

/** A table as a file has it, or just its entries. @throws MappingError naming entry and property. */
export const tableOf = (value: unknown): MappingTable =>
  parseMappings(Array.isArray(value) ? { mappings: value as unknown[] } : value);

interface Trial {
  readonly mappings?: unknown;
  readonly topic: string;
  readonly payload?: string;
  readonly base64?: string;
  readonly contentType?: string;
  readonly atMs?: number;
}

/** @param table of the file that the gateways were started with, as far as the console knows it. */
export const mappingRoutes = (hub: Hub, table: MappingTable, file: string | null): Route[] => [
  route({
    method: "GET",
    path: "/mappings",
    summary: "The mapping table that the console was told of, and what is wrong with it",
    role: "viewer",
    answer: object({
      mappings: TABLE,
      problems: list(text()),
      file: orNull(text("the file that the console was told of; null: none")),
    }),
    handle: async () =>
      Promise.resolve({ mappings: table, problems: contractProblems(table, hub.catalog), file }),
  }),
  route<unknown, unknown, { mappings: unknown }>({
    method: "POST",
    path: "/mappings/check",
    summary: "Check a mapping table, and its fields against the contracts",
    role: "viewer",
    changesNothing: true,
    body: object({ mappings: TABLE }),
    answer: object({ problems: list(text()), table: orNull(TABLE) }),
    handle: async ({ body }) => {
      try {
        const read = tableOf(body.mappings);
        return Promise.resolve({ problems: contractProblems(read, hub.catalog), table: read });
      } catch (error) {
        return Promise.resolve({ problems: messageOf(error).split("\n"), table: null });
      }
    },
  }),
  route<unknown, unknown, Trial>({
    method: "POST",
    path: "/mappings/try",
    summary: "Say what a gateway would make of a message",
    role: "viewer",
    changesNothing: true,
    body: object(
      {
        mappings: TABLE,
        topic: text("the topic that a device publishes on", { minLength: 1 }),
        payload: text("as text"),
        base64: text("or its bytes"),
        contentType: text("of MQTT 5, for payloads that are not JSON"),
        atMs: timeMs("when it arrives; now without it"),
      },
      { optional: ["mappings", "payload", "base64", "contentType", "atMs"] },
    ),
    answer: object({ isRefused: flag(), lines: list(text(), "readings, what they lack, rejects") }),
    handle: async ({ body: { mappings, topic, payload, base64, contentType, atMs } }) => {
      let used = table;
      try {
        if (mappings !== undefined) used = tableOf(mappings);
      } catch (error) {
        throw invalid(messageOf(error));
      }
      const bytes =
        base64 === undefined ? Buffer.from(payload ?? "") : Buffer.from(base64, "base64");
      const receivedAtMs = atMs ?? hub.now();
      const message = { topic, payload: bytes, contentType, receivedAtMs };
      return Promise.resolve(tryMapping(used, hub.catalog, message));
    },
  }),
];
