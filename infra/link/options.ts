import { TELEMETRY_OPTIONS } from "../../otel/options.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../../platform/runtime/status-server.ts";

export const SIDES = ["region", "hub"] as const;
export type Side = (typeof SIDES)[number];

/** An address to listen on or to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

function addresses(raw: string): readonly Address[] {
  return raw.split(",").map((one) => address(one.trim()));
}

function address(raw: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(raw);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new Error("must be HOST:PORT, for example 127.0.0.1:7422");
  return { host: (match[1] ?? match[2])!, port };
}

/**
 * With less a frame of the log may take more than 10 s, after which nats-server takes a mirror that hears nothing for
 * broken, and asks for all of it again.
 */
const LIMIT_MIN = 8_000;

const file = (env: string, doc: string) => ({ env, doc, fallback: "", parse: as.text });

export const LINK_OPTIONS = {
  side: {
    env: "SKERRY_LINK_SIDE",
    doc: "region: takes the leaf connections of the region's nats-server; hub: hands them to the hub's",
    parse: (raw): Side => {
      if (!SIDES.includes(raw as Side)) throw new Error(`must be one of ${SIDES.join(", ")}`);
      return raw as Side;
    },
  },
  listen: {
    env: "SKERRY_LINK_LISTEN",
    doc: "HOST:PORT to listen on: in a region what SKERRY's NATS_LEAF_URL names, at the hub what regions reach over the WAN",
    parse: address,
  },
  target: {
    env: "SKERRY_LINK_TARGET",
    doc: "HOST:PORT to connect to: in a region the link at the hub, at the hub the leaf port of its nats-server; of a hub that is a cluster all, HOST:PORT,HOST:PORT: the next one is tried when one does not answer, or its connection ends",
    parse: addresses,
  },
  cert: file(
    "SKERRY_LINK_CERT",
    "file of this side's TLS certificate (PEM); at the hub it turns TLS on",
  ),
  key: file("SKERRY_LINK_KEY", "file of the certificate's private key"),
  ca: file(
    "SKERRY_LINK_CA",
    "file of the authority that the other side's certificate must be from; in a region it turns TLS on",
  ),
  limit: {
    env: "SKERRY_LINK_LIMIT",
    doc: "bytes a second that this end sends over the WAN at most, alerts and commands first, live values next, the logs last; 0: as many as it takes",
    fallback: "0",
    parse: (raw): number => {
      const bytes = as.integer(0)(raw);
      if (bytes > 0 && bytes < LIMIT_MIN)
        throw new Error(`must be 0 or at least ${LIMIT_MIN} bytes a second`);
      return bytes;
    },
  },
  ...STATUS_OPTIONS,
  ...TELEMETRY_OPTIONS,
} satisfies OptionTable;
