import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { TELEMETRY_OPTIONS } from "../../otel/options.ts";
import { SIGNING_OPTIONS } from "../../platform/nats/signed/options.ts";
import { tlsOptions } from "../../platform/runtime/client-tls.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { INFLUX_OPTIONS } from "../sinks/influx/options.ts";

const SECRET_CHARS_MIN = 16;

/** A secret that is long enough not to be guessed; empty stays empty. */
const secret = (raw: string): string => {
  if (raw !== "" && raw.length < SECRET_CHARS_MIN)
    throw new Error(`must have at least ${SECRET_CHARS_MIN} characters`);
  return raw;
};

/** `eu=ws://127.0.0.1:14217` → URL by region; `schemes` are what a URL may begin with. */
const urlsByRegion =
  (...schemes: string[]) =>
  (raw: string): ReadonlyMap<string, URL> => {
    const form = new RegExp(`^(${schemes.join("|")})://[^/]+:\\d+/?$`);
    const pairs = as.list(raw).map((pair) => {
      const at = pair.indexOf("=");
      const url = pair.slice(at + 1);
      if (at < 1 || !form.test(url))
        throw new Error(`must be region=${schemes.join(" or ")}://host:port, not "${pair}"`);
      return [as.token(pair.slice(0, at)), new URL(url)] as const;
    });
    return new Map(pairs);
  };

export const MQTT_TLS = { name: "mqtt", env: "SKERRY_CONSOLE_MQTT" } as const;

export const CONSOLE_OPTIONS = {
  ...LANE_OPTIONS,
  ...TELEMETRY_OPTIONS,
  ...SIGNING_OPTIONS,
  consoleHost: {
    env: "SKERRY_CONSOLE_HOST",
    doc: "address that the console listens on; beyond loopback, put a reverse proxy with TLS before it",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  consolePort: {
    env: "SKERRY_CONSOLE_PORT",
    doc: "port of the console; 0 picks a free one",
    fallback: "8080",
    parse: as.integer(0, 65_535),
  },
  consoleUrl: {
    env: "SKERRY_CONSOLE_URL",
    doc: "URL that people open, if it is another one than host and port; its name is accepted in requests, and https makes cookies secure",
    fallback: "",
    parse: (raw) => (raw === "" ? null : new URL(as.url(raw))),
  },
  operatorToken: {
    env: "SKERRY_CONSOLE_OPERATOR_TOKEN",
    doc: "token of the role that may change things; without any, a random one is logged at each start",
    fallback: "",
    parse: secret,
    secret: true,
  },
  viewerToken: {
    env: "SKERRY_CONSOLE_VIEWER_TOKEN",
    doc: "token of the role that only looks; without any, nobody has that role by token",
    fallback: "",
    parse: secret,
    secret: true,
  },
  loginCode: {
    env: "SKERRY_CONSOLE_LOGIN_CODE",
    doc: "code of the login link, good for one operator's session after each start, for a while; without any, a random one is logged",
    fallback: "",
    parse: secret,
    secret: true,
  },
  loginAge: {
    env: "SKERRY_CONSOLE_LOGIN_AGE",
    doc: "a login link that nobody opened is good for this long",
    fallback: "10m",
    parse: as.durationMs,
  },
  sessionAge: {
    env: "SKERRY_CONSOLE_SESSION_AGE",
    doc: "a session ends this long after its login",
    fallback: "12h",
    parse: as.durationMs,
  },
  proxyPeers: {
    env: "SKERRY_CONSOLE_PROXY_PEERS",
    doc: "addresses of reverse proxies that say who somebody is; headers of anybody else are ignored",
    fallback: "",
    parse: as.list,
  },
  proxyUserHeader: {
    env: "SKERRY_CONSOLE_PROXY_USER_HEADER",
    doc: "header in which such a proxy names the user",
    fallback: "x-forwarded-user",
    parse: (raw) => raw.toLowerCase(),
  },
  proxyGroupsHeader: {
    env: "SKERRY_CONSOLE_PROXY_GROUPS_HEADER",
    doc: "header in which it names the user's groups, separated by commas",
    fallback: "x-forwarded-groups",
    parse: (raw) => raw.toLowerCase(),
  },
  proxyOperatorGroup: {
    env: "SKERRY_CONSOLE_PROXY_OPERATOR_GROUP",
    doc: "the group whose members are operators; other users of the proxy are viewers",
    fallback: "skerry-operators",
    parse: as.text,
  },
  schemas: {
    env: "SKERRY_SCHEMAS",
    doc: "directory of contracts: {name}/v{number}.json",
    fallback: SCHEMAS_DIRECTORY,
    parse: as.text,
  },
  ...INFLUX_OPTIONS,
  influxUrl: {
    ...INFLUX_OPTIONS.influxUrl,
    doc: "InfluxDB to show series from: http://host:port; without it there are none",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
  rules: {
    env: "SKERRY_RULES",
    doc: "JSON file with the rules that the engines were started with, to show them",
    fallback: "",
    parse: as.text,
  },
  mappings: {
    env: "SKERRY_MAPPINGS",
    doc: "JSON file with the mapping table that the gateways were started with, to show it",
    fallback: "",
    parse: as.text,
  },
  learnedMappings: {
    env: "SKERRY_LEARNED_MAPPINGS",
    doc: "JSON file that takes the mappings that operators confirm, in a directory that SKERRY_MAPPINGS of the gateways names; unset: people use npx skerry learn",
    fallback: "",
    parse: as.text,
  },
  mqtt: {
    env: "SKERRY_CONSOLE_MQTT",
    doc: "WebSocket listener of a gateway of each region, for the page Topics: eu=ws://host:port,us=wss://host:port",
    fallback: "",
    parse: urlsByRegion("ws", "wss"),
  },
  ...tlsOptions({ ...MQTT_TLS, server: "the gateways, for wss" }),
  gateways: {
    env: "SKERRY_CONSOLE_GATEWAYS",
    doc: "where devices of each region connect, for the lines that the page shows: eu=mqtt://host:port,us=mqtts://host:port",
    fallback: "",
    parse: urlsByRegion("mqtt", "mqtts"),
  },
  demoUrl: {
    env: "SKERRY_CONSOLE_DEMO_URL",
    doc: "control server of the launcher; only npm start has one",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
  demoToken: {
    env: "SKERRY_CONSOLE_DEMO_TOKEN",
    doc: "token of that control server",
    fallback: "",
    parse: as.text,
    secret: true,
  },
  ...STATUS_OPTIONS,
} satisfies OptionTable;
