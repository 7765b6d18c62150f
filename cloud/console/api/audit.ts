// The audit log: who changed what.
import type { AuditLog } from "../audit-log.ts";
import { type Route, route } from "./route.ts";
import { integer, limit, list, object, oneOf, orNull, query, text, timeMs } from "./schema.ts";

const RECORD = object({
  v: integer(),
  seq: integer("its place in the log"),
  atMs: timeMs("when it was asked"),
  who: text("the name that a reverse proxy gave, or the role of the token"),
  role: text(),
  address: text("the address that asked"),
  action: text("the change in words"),
  request: text("method and path"),
  outcome: oneOf(["done", "refused", "failed"]),
  status: integer("HTTP status of the answer"),
  detail: orNull(text("the reason for which it was not done")),
});

export const auditRoutes = (audit: AuditLog): Route[] => [
  route<unknown, { before?: number; limit: number }>({
    method: "GET",
    path: "/audit",
    summary: "Changes made through the console, newest first",
    role: "viewer",
    query: query({ before: integer("only records before this one"), limit: limit(100, 1_000) }),
    answer: object({
      records: list(RECORD),
      before: orNull(integer("ask before this one for older records; null if there are none")),
    }),
    handle: async ({ query }) => audit.page(query),
  }),
];
