// Listeners of HTTP and their bounds: options of the gateway.
import { type OptionTable, type Resolved, as } from "../../platform/runtime/config.ts";
import type { TlsIdentity, WebSocketAddress } from "../broker/options.ts";
import { optionalPort, origins } from "../parse-options.ts";

/** The largest body, also after it was decompressed. */
export const HTTP_BODY_BYTES_MAX = 4 * 1024 ** 2;
/** Readings of one request. */
export const HTTP_ELEMENTS_MAX = 10_000;
/** Bodies of all requests that are not answered yet; one holder has at most half of it. */
export const HTTP_HELD_BYTES_MAX = 128 * 1024 ** 2;
export const HTTP_CONNECTIONS_MAX = 4_000;
/** The same of one address. */
export const HTTP_ADDRESS_CONNECTIONS_MAX = 1_000;
/** Time for a request to arrive, from its first byte or from none. */
export const HTTP_REQUEST_WITHIN_MS = 10_000;

export const HTTP_OPTIONS = {
  httpHost: {
    env: "SKERRY_HTTP_HOST",
    doc: "address of HTTP ingest; unset: that of MQTT",
    fallback: "",
    parse: as.text,
  },
  httpPort: {
    env: "SKERRY_HTTP_PORT",
    doc: "readings over HTTP; unset or none: not at all",
    fallback: "",
    parse: optionalPort,
  },
  httpsHost: { env: "SKERRY_HTTPS_HOST", doc: "its address", fallback: "", parse: as.text },
  httpsPort: {
    env: "SKERRY_HTTPS_PORT",
    doc: "readings over HTTPS, with the certificate of the other TLS listeners",
    fallback: "",
    parse: optionalPort,
  },
  httpHosts: {
    env: "SKERRY_HTTP_HOSTS",
    doc: "names by which clients call the HTTP listeners, besides localhost and addresses: a list",
    fallback: "",
    parse: as.list,
  },
  httpOrigins: {
    env: "SKERRY_HTTP_ORIGINS",
    doc: "origins of web pages that may send readings: a list; clients that are no browsers may anyway",
    fallback: "",
    parse: origins,
  },
  httpBodyBytesMax: {
    env: "SKERRY_HTTP_BODY_BYTES_MAX",
    doc: "bytes of a body, also after it was decompressed; more is 413",
    fallback: String(HTTP_BODY_BYTES_MAX),
    parse: as.integer(1_024, 64 * 1024 ** 2),
  },
  httpElementsMax: {
    env: "SKERRY_HTTP_ELEMENTS_MAX",
    doc: "readings of one request; more is 413",
    fallback: String(HTTP_ELEMENTS_MAX),
    parse: as.integer(1, 100_000),
  },
  httpHeldBytesMax: {
    env: "SKERRY_HTTP_HELD_BYTES_MAX",
    doc: "bytes of all bodies that are not answered yet, of one device or address at most half of it; more is 503",
    fallback: String(HTTP_HELD_BYTES_MAX),
    parse: as.integer(1_024),
  },
  httpConnectionsMax: {
    env: "SKERRY_HTTP_CONNECTIONS_MAX",
    doc: "open connections of HTTP; past it whoever comes is closed",
    fallback: String(HTTP_CONNECTIONS_MAX),
    parse: as.integer(1),
  },
  httpAddressConnectionsMax: {
    env: "SKERRY_HTTP_ADDRESS_CONNECTIONS_MAX",
    doc: "the same of one address",
    fallback: String(HTTP_ADDRESS_CONNECTIONS_MAX),
    parse: as.integer(1),
  },
  httpRequestWithin: {
    env: "SKERRY_HTTP_REQUEST_WITHIN",
    doc: "time for a request to arrive, from its first byte or from none",
    fallback: `${HTTP_REQUEST_WITHIN_MS / 1_000}s`,
    parse: as.durationMs,
  },
} satisfies OptionTable;

type HttpConfig = Resolved<typeof HTTP_OPTIONS>;

export interface HttpLimits {
  readonly bodyBytesMax: number;
  readonly elementsMax: number;
  readonly heldBytesMax: number;
  readonly connectionsMax: number;
  readonly addressConnectionsMax: number;
  readonly requestWithinMs: number;
}

/** Addresses of HTTP and HTTPS; either may be absent. */
export interface HttpListeners {
  readonly http?: WebSocketAddress;
  readonly https?: WebSocketAddress & { readonly tls: TlsIdentity };
}

export const httpLimitsOf = (config: HttpConfig): HttpLimits => ({
  bodyBytesMax: config.httpBodyBytesMax,
  elementsMax: config.httpElementsMax,
  heldBytesMax: config.httpHeldBytesMax,
  connectionsMax: config.httpConnectionsMax,
  addressConnectionsMax: config.httpAddressConnectionsMax,
  requestWithinMs: config.httpRequestWithin,
});

/** @param tls needed where HTTPS has a port. */
export function httpListenersOf(
  config: HttpConfig & { readonly mqttHost: string },
  tls: TlsIdentity | undefined,
): HttpListeners {
  const { httpPort, httpsPort, mqttHost } = config;
  const web = { hosts: config.httpHosts, origins: config.httpOrigins };
  const at = (host: string, number: number) => ({ host: host || mqttHost, port: number, ...web });
  return {
    ...(httpPort === undefined ? {} : { http: at(config.httpHost, httpPort) }),
    ...(httpsPort === undefined || !tls
      ? {}
      : { https: { ...at(config.httpsHost, httpsPort), tls } }),
  };
}
