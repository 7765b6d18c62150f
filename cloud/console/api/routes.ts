// All routes of the API; a resource has a file of its own here.
import { auditRoutes } from "./audit.ts";
import { openApi } from "./openapi.ts";
import { overviewRoutes } from "./overview.ts";
import { type Route, route } from "./route.ts";
import { anything } from "./schema.ts";
import { type SessionParts, sessionRoutes } from "./session.ts";
import { streamRoutes } from "./stream.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Feed } from "../feed/feed.ts";
import type { OverviewWatch } from "../overview/overview.ts";

export interface RouteParts extends SessionParts {
  readonly audit: AuditLog;
  readonly feed: Feed;
  readonly overview: OverviewWatch;
}

export function apiRoutes(parts: RouteParts): Route[] {
  const routes = [
    ...sessionRoutes(parts),
    ...overviewRoutes(parts.overview),
    ...streamRoutes(parts.feed),
    ...auditRoutes(parts.audit),
  ];
  return [...routes, pageOfApi(routes)];
}

/** The page of the API, of the other routes and itself. */
function pageOfApi(routes: readonly Route[]): Route {
  const own = route({
    method: "GET",
    path: "/openapi.json",
    summary: "This page",
    role: "viewer",
    answer: anything("an OpenAPI 3.1 document"),
    handle: async () => Promise.resolve(document),
  });
  const document = openApi([...routes, own]);
  return own;
}
