// What anybody tries by HTTP and WebSocket: at the console, at what processes say of themselves, at a gateway.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { WebSocket } from "ws";
import { CHANGE_HEADER } from "../../../cloud/console/access/origin.ts";
import { sessionKey } from "../../../cloud/console/access/secrets.ts";
import { SESSION_COOKIE, Sessions } from "../../../cloud/console/access/sessions.ts";
import type { Role } from "../../../cloud/console/access/who.ts";
import { type RouteParts, apiRoutes } from "../../../cloud/console/api/routes.ts";
import { OPERATOR_TOKEN, VIEWER_TOKEN } from "../../support/console.ts";
import type { Attempt, WallName } from "../attempt.ts";
import type { EdgeArena } from "./arena.ts";

type Of = Attempt<EdgeArena>;
type Headers = Readonly<Record<string, string>>;

const HOUR_MS = 3_600_000;
const KEY = sessionKey({ operator: OPERATOR_TOKEN, viewer: VIEWER_TOKEN });
const EVIL = "http://evil.example";

/** Stands for whatever a route is given: only its path and its role are read here. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_, key) => (key === Symbol.iterator ? [][Symbol.iterator] : anything),
  apply: () => anything,
});
const ROUTES = apiRoutes(anything as RouteParts).filter(({ role }) => role !== "open");

/** The cookie of a session that began some time ago. */
function cookieOf(role: Role, agoMs = 0): Headers {
  const sessions = new Sessions({ key: KEY, ageMs: HOUR_MS, now: () => Date.now() - agoMs });
  return { cookie: `${SESSION_COOKIE}=${sessions.begin({ name: role, role }).cookie}` };
}

/** Somebody else's signature. */
function forgedCookie(): Headers {
  const other = sessionKey({ operator: "another", viewer: "another" });
  const sessions = new Sessions({ key: other, ageMs: HOUR_MS, now: () => Date.now() });
  return {
    cookie: `${SESSION_COOKIE}=${sessions.begin({ name: "eve", role: "operator" }).cookie}`,
  };
}

const fromPage = (origin: string): Headers => ({ origin, [CHANGE_HEADER]: "1" });

async function ask(
  url: string,
  { method, headers }: { readonly method: string; readonly headers: Headers },
): Promise<{ status: number; body: string }> {
  const hasBody = method === "POST" || method === "PUT";
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const type = hasBody ? { "content-type": "application/json" } : {};
    const sent = request(url, { method, agent: false, headers: { ...type, ...headers } });
    sent.once("response", resolve).once("error", reject);
    sent.end(hasBody ? "{}" : undefined);
  });
  const isStream = answer.headers["content-type"] === "text/event-stream";
  const body = isStream ? "" : await text(answer);
  answer.destroy();
  return { status: answer.statusCode ?? 0, body };
}

/** Statuses of those who are not let in. */
const REFUSALS = [401, 403, 421];

interface Asker {
  readonly who: string;
  readonly wall: WallName;
  readonly headers: (origin: string) => Headers;
  readonly isRefused: (of: { readonly role: string; readonly method: string }) => boolean;
}

const all = (): boolean => true;
const operators = ({ role }: { role: string }): boolean => role === "operator";
const changes = ({ role, method }: { role: string; method: string }): boolean =>
  role === "operator" && method !== "GET";

const ASKERS: readonly Asker[] = [
  { who: "nobody", wall: "console-roles", headers: fromPage, isRefused: all },
  {
    who: "nobody, with a cookie of their own making",
    ...{ wall: "console-roles", isRefused: all },
    headers: (origin) => ({ ...forgedCookie(), ...fromPage(origin) }),
  },
  {
    who: "nobody, who names themselves in a proxy's header",
    ...{ wall: "console-roles", isRefused: operators },
    headers: (origin) => ({
      ...fromPage(origin),
      ...{ "x-forwarded-user": "eve", "x-forwarded-groups": "skerry-operators" },
    }),
  },
  {
    who: "somebody whose session is over",
    ...{ wall: "console-roles", isRefused: operators },
    headers: (origin) => ({ ...cookieOf("operator", 2 * HOUR_MS), ...fromPage(origin) }),
  },
  {
    who: "a viewer",
    ...{ wall: "console-roles", isRefused: operators },
    headers: (origin) => ({ ...cookieOf("viewer"), ...fromPage(origin) }),
  },
  {
    who: "a viewer's token",
    ...{ wall: "console-roles", isRefused: operators },
    headers: () => ({ authorization: `Bearer ${VIEWER_TOKEN}` }),
  },
  {
    who: "a stranger's page in an operator's browser",
    ...{ wall: "console-site", isRefused: changes },
    headers: () => ({ ...cookieOf("operator"), ...fromPage(EVIL) }),
  },
  {
    who: "a form on a stranger's page in an operator's browser",
    ...{ wall: "console-site", isRefused: changes },
    headers: () => ({
      ...{ ...cookieOf("operator"), origin: "null", "sec-fetch-site": "cross-site" },
      "content-type": "text/plain",
    }),
  },
  {
    who: "a page of another port in an operator's browser",
    ...{ wall: "console-site", isRefused: changes },
    headers: (origin) => ({
      ...{ ...cookieOf("operator"), ...fromPage(origin), "sec-fetch-site": "same-site" },
    }),
  },
  {
    who: "a stranger's name that points here, in an operator's browser",
    ...{ wall: "hosts", isRefused: operators },
    headers: () => ({ ...cookieOf("operator"), ...fromPage(EVIL), host: "evil.example" }),
  },
];

/** A path whose parameters are of the right form and name nothing. */
const pathOf = (path: string): string =>
  path
    .replace(/:(seq|partition)/g, "0")
    .replace(":region", "eu")
    .replaceAll(/:\w+/g, "nothing");

const asking: Of[] = ASKERS.flatMap(({ who, wall, headers, isRefused }) =>
  ROUTES.filter(isRefused).map(({ method, path, role }) => ({
    ...{ wall, role: `http: ${who}` },
    id: `http/${who}/${method} ${path}`,
    tries: `${method} ${path}, which is for ${role === "viewer" ? "viewers" : "operators"}`,
    trick: "the request as it is",
    harms: method === "GET" ? "the secrecy of what the console knows" : "what operators decide",
    control: `console ${who} ${method} ${path}`,
    comparesState: false,
    run: async (arena) => {
      const url = `${arena.console}/api/v1${pathOf(path)}`;
      const { status } = await ask(url, { method, headers: headers(arena.console) });
      return REFUSALS.includes(status) ? null : `it was let in, and answered ${status}`;
    },
  })),
);

const telling: Of[] = (["closed", "alerting", "console"] as const).flatMap((service) =>
  ["/status", "/metrics", "/readyz"].map((path) => ({
    ...{ wall: "hosts", role: "http: a stranger's name that points here" },
    id: `http/status/${service}${path}`,
    tries: `read ${path} of a process (${service})`,
    trick: "Host: evil.example, as a browser sends it",
    harms: "the secrecy of what a process says of itself",
    control: `status ${service}${path}`,
    comparesState: false,
    run: async (arena) => {
      const url = arena.services[service]!.url(path);
      const { status } = await ask(url, { method: "GET", headers: { host: "evil.example" } });
      return status === 421 ? null : `answered ${status}`;
    },
  })),
);

const UPGRADES: readonly (readonly [host: string | null, origin: string])[] = [
  ["evil.example", EVIL],
  ["evil.example", "null"],
  [null, EVIL],
  [null, "null"],
  [null, "http://localhost:1"],
  [null, "file://"],
  ["localhost.evil.example", "http://localhost.evil.example"],
  ["user@localhost", "http://localhost"],
];

const upgrading: Of[] = (["closedWeb", "openWeb"] as const).flatMap((port) =>
  UPGRADES.map(([host, origin]) => ({
    ...{ wall: "ws-origins", role: "a stranger's page in a browser of the network" },
    id: `ws/${port}/${host ?? "own"}/${origin}`,
    tries: `speak MQTT to a gateway (${port === "openWeb" ? "one that asks for no credentials" : "one that does"})`,
    trick: `a WebSocket with Origin ${origin}${host === null ? "" : ` and Host ${host}`}`,
    harms: "whatever this browser may reach: readings, commands",
    control: `ws ${port} ${host} ${origin}`,
    comparesState: false,
    run: async (arena) => {
      const headers = { origin, ...(host === null ? {} : { host }) };
      const socket = new WebSocket(`ws://127.0.0.1:${arena.ports[port]}`, "mqtt", { headers });
      socket.on("error", () => undefined);
      const answer = await new Promise<number>((resolve) => {
        socket.once("open", () => resolve(101));
        socket.once("unexpected-response", (_, { statusCode = 0 }) => resolve(statusCode));
        socket.once("close", () => resolve(0));
      });
      socket.terminate();
      return answer === 101 ? "it was upgraded" : null;
    },
  })),
);

const CONNECT: Packet = {
  ...{ cmd: "connect", clientId: "console-viewer", protocolVersion: 5, protocolId: "MQTT" },
  ...{ clean: true, keepalive: 60 },
};
const COMMAND = { topic: "devices/room-9/commands/open", payload: "{}", retain: false } as const;

/** Packets of a viewer, and whether an open connection is the harm; else what is heard is. */
const VIEWED: Readonly<Record<string, readonly Packet[]>> = {
  "a command": [CONNECT, { cmd: "publish", qos: 0, dup: false, ...COMMAND }],
  "a command, QoS 1": [CONNECT, { cmd: "publish", qos: 1, messageId: 1, dup: false, ...COMMAND }],
  "a retained command": [CONNECT, { cmd: "publish", qos: 0, dup: false, ...COMMAND, retain: true }],
};

const viewing: Of[] = Object.entries(VIEWED).map(([what, packets]) => ({
  ...{ wall: "viewer-mqtt", role: "http: a viewer" },
  id: `ws/viewer/${what}`,
  tries: `publish ${what} through the console`,
  trick: "the WebSocket of the console's pages",
  harms: "an actuator: it obeys somebody who only looks",
  control: `viewer ${what}`,
  run: async (arena) => {
    const page = new WebSocket(`${arena.console.replace("http", "ws")}/mqtt/eu`, "mqtt", {
      headers: { ...cookieOf("viewer"), origin: arena.console },
    });
    page.on("error", () => undefined);
    await once(page, "open");
    const bytes = packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }));
    page.send(Buffer.concat(bytes));
    // It is closed at once where it is refused.
    await Promise.race([once(page, "close"), arena.wills()]);
    page.terminate();
    return null;
  },
}));

export const WEB_ATTEMPTS: readonly Of[] = [
  ...asking,
  ...telling,
  ...upgrading,
  ...viewing,
] as Of[];
