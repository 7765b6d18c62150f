// All routes of the API; a resource has a file of its own here.
import type { MappingTable } from "../../../contracts/mapping.ts";
import type { LiveView } from "../../../platform/nats/live/live-view.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Feed } from "../feed/feed.ts";
import type { Hub } from "../hub.ts";
import type { Jobs } from "../jobs.ts";
import type { AlertWatch } from "../live/alert-watch.ts";
import type { DeviceWatch } from "../live/device-watch.ts";
import type { EventLog } from "../live/event-log.ts";
import type { TopicWatch } from "../live/topic-watch.ts";
import type { Overview } from "../overview/overview.ts";
import type { RuleShelf } from "../rules/rule-shelf.ts";
import type { RuleTrials } from "../rules/rule-trials.ts";
import type { TraceStore } from "../traces/trace-store.ts";
import { activityRoutes } from "./activity.ts";
import { alertRoutes } from "./alerts.ts";
import { auditRoutes } from "./audit.ts";
import { contractRoutes } from "./contracts.ts";
import { gatewayRoutes } from "./gateways.ts";
import { guideRoutes } from "./guides.ts";
import { type DemoControl, demoRoutes } from "./demo.ts";
import { deviceRoutes } from "./devices.ts";
import { laneRoutes } from "./lanes.ts";
import { type LearnFiles, learnRoutes } from "./learn.ts";
import { mappingRoutes } from "./mappings.ts";
import { openApi } from "./openapi.ts";
import { ledgerRoutes } from "./ledger.ts";
import { overviewRoutes } from "./overview.ts";
import { rejectRoutes } from "./rejects.ts";
import { type Route, route } from "./route.ts";
import { ruleRoutes } from "./rules.ts";
import { anything } from "./schema.ts";
import { seriesRoutes } from "./series.ts";
import { type SessionParts, sessionRoutes } from "./session.ts";
import { streamRoutes } from "./stream.ts";
import { traceRoutes } from "./traces.ts";
import { topicRoutes } from "./topics.ts";

export interface RouteParts extends SessionParts {
  readonly hub: Hub;
  readonly audit: AuditLog;
  readonly feed: Feed;
  readonly latest: () => Overview | null;
  readonly live: LiveView;
  readonly devices: DeviceWatch;
  readonly topics: TopicWatch;
  readonly events: EventLog;
  readonly alerts: AlertWatch;
  readonly rules: RuleShelf;
  readonly trials: RuleTrials;
  readonly jobs: Jobs;
  readonly mappings: MappingTable;
  /** The file that it is from; null: the console was told of none. */
  readonly mappingsFile: string | null;
  readonly learn: LearnFiles;
  readonly traces: TraceStore;
  readonly demo: DemoControl | null;
  /** Markdown of the guides, by name. */
  readonly guides: ReadonlyMap<string, string>;
  /** MQTT address of each region's gateways. */
  readonly gateways: ReadonlyMap<string, URL>;
}

export function apiRoutes(parts: RouteParts): Route[] {
  const { hub, topics, events, jobs, live } = parts;
  const routes = [
    ...sessionRoutes(parts),
    ...overviewRoutes(parts.latest),
    ...ledgerRoutes(hub, parts.latest),
    ...laneRoutes(hub, live),
    ...deviceRoutes(parts),
    ...topicRoutes(topics),
    ...gatewayRoutes(hub.regions, parts.gateways),
    ...alertRoutes(parts),
    ...ruleRoutes(parts),
    ...rejectRoutes(hub, jobs),
    ...contractRoutes(parts),
    ...mappingRoutes(hub, parts.mappings, parts.mappingsFile),
    ...learnRoutes(hub, jobs, parts.learn),
    ...seriesRoutes(hub),
    ...activityRoutes(hub, events, jobs),
    ...traceRoutes(parts.traces),
    ...demoRoutes(hub, parts.demo),
    ...auditRoutes(parts.audit),
    ...guideRoutes(parts.guides),
    ...streamRoutes(parts.feed, parts.guard),
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
