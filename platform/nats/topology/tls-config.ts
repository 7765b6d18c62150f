// TLS of the nats-servers, as text of their configurations. Paths come from the environment, like all that differs
// from place to place; a reload (SIGHUP) reads the files anew. Older than TLS 1.2 no nats-server speaks.

/** Those who have to show a certificate, beside saying a password: nobody, regions at the hub's leaf listener, or everybody. */
export const VERIFIED = ["none", "leaf", "all"] as const;
export type Verified = (typeof VERIFIED)[number];

/** Parts of a printed configuration beyond users and streams. */
export interface ServerExtras {
  /** Absent: clear text. */
  readonly tls?: { readonly verified: Verified };
  /** Regions come over a link, which has TLS of its own, and to which the servers speak on their own machine. */
  readonly link?: true;
  /** Servers of the cluster that this server is one of; absent: it is alone. */
  readonly cluster?: number;
  /** Servers of the hub that a region dials; absent: one. */
  readonly hubServers?: number;
  /** A file with variables, which count before the environment, and are read again at each reload. */
  readonly include?: string;
}

/** A handshake over a WAN with a server that has much to do. */
const TIMEOUT_SECONDS = 5;

const listener = (verify: boolean, indent: string): string =>
  [
    "tls {",
    "  cert_file: $NATS_TLS_CERTIFICATE",
    "  key_file: $NATS_TLS_KEY",
    ...(verify
      ? ["  # Whose certificates count.", "  ca_file: $NATS_TLS_CA", "  verify: true"]
      : []),
    `  timeout: ${TIMEOUT_SECONDS}`,
    "}",
  ]
    .map((line) => `\n${indent}${line}`)
    .join("");

/** The first lines of a configuration: what it takes from another file. */
export const includeText = ({ include }: ServerExtras): string =>
  include === undefined ? "" : `include ${JSON.stringify(include)}\n`;

/** The listener of Skerry's processes; empty without TLS. */
export const clientTlsText = ({ tls }: ServerExtras): string =>
  tls === undefined
    ? ""
    : `\n# Skerry's processes. The monitoring above stays clear text: keep it on 127.0.0.1.${listener(tls.verified === "all", "")}`;

/** The links among the servers of a cluster: each shows the others its certificate. */
export const routeTlsText = ({ tls }: ServerExtras): string =>
  tls === undefined ? "" : listener(true, "  ");

/** The hub's listener of regions. */
export const leafTlsText = ({ tls, link }: ServerExtras): string =>
  tls === undefined || link ? "" : listener(tls.verified !== "none", "  ");

/** A region's way to the hub: TLS or nothing, whatever the hub offers. */
export const remoteTlsText = ({ tls, link }: ServerExtras): string =>
  tls === undefined || link
    ? ""
    : [
        "",
        "tls {",
        "  ca_file: $NATS_TLS_CA",
        ...(tls.verified === "none"
          ? []
          : ["  cert_file: $NATS_LEAF_CERTIFICATE", "  key_file: $NATS_LEAF_KEY"]),
        `  timeout: ${TIMEOUT_SECONDS}`,
        "}",
      ].join("\n      ");
