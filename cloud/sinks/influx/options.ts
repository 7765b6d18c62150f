import { type OptionTable, type Resolved, as } from "../../../platform/runtime/config.ts";
import { clearTextWarning, clientTls, tlsOptions } from "../../../platform/runtime/client-tls.ts";
import { hasPassword } from "../../../platform/runtime/secret-files.ts";
import { parseKeeps } from "./retention.ts";
import { INFLUX_APIS, type InfluxApi, type InfluxTarget } from "./client.ts";

const TLS = { name: "influx", env: "SKERRY_INFLUX", server: "InfluxDB" } as const;

/** Options of every process that talks to InfluxDB. */
export const INFLUX_OPTIONS = {
  influxUrl: {
    env: "SKERRY_INFLUX_URL",
    doc: "InfluxDB: http(s)://host:port, with user@ or user:password@ if a 1.x asks for them",
    parse: as.url,
    password: "SKERRY_INFLUX_PASSWORD",
  },
  influxDatabase: {
    env: "SKERRY_INFLUX_DATABASE",
    doc: "1.x: database, created if it is missing; 2.x: bucket, which has to exist",
    fallback: "skerry",
    parse: as.text,
  },
  influxApi: {
    env: "SKERRY_INFLUX_API",
    doc: "v1: /write, as of 1.x; v2: /api/v2/write, as of 2.x",
    fallback: "v1",
    parse: (raw): InfluxApi => {
      const api = INFLUX_APIS.find((known) => known === raw);
      if (!api) throw new Error(`must be ${INFLUX_APIS.join(" or ")}, not "${raw}"`);
      return api;
    },
  },
  influxOrg: {
    env: "SKERRY_INFLUX_ORG",
    doc: "organisation of a 2.x",
    fallback: "",
    parse: as.text,
  },
  influxToken: {
    env: "SKERRY_INFLUX_TOKEN",
    doc: "token of a 2.x",
    fallback: "",
    parse: as.text,
    secret: true,
  },
  ...tlsOptions(TLS),
} satisfies OptionTable;

/** An option of whoever compares what an InfluxDB keeps with what is wanted, and of whoever changes it. */
export const KEEP_OPTION = {
  influxKeep: {
    env: "SKERRY_INFLUX_KEEP",
    doc: "how long a 1.x keeps each kind of record, as readings=400d,1m=180d,1h=5y,1d=forever: told where it differs, changed by skerry influx apply and skerry influx retention",
    fallback: "",
    parse: parseKeeps,
  },
} satisfies OptionTable;

export type InfluxConfig = Resolved<typeof INFLUX_OPTIONS>;

export const influxTarget = (config: InfluxConfig): InfluxTarget => ({
  url: config.influxUrl,
  database: config.influxDatabase,
  api: config.influxApi,
  org: config.influxOrg,
  token: config.influxToken,
  tls: clientTls(config, TLS),
});

/** A sentence for each secret that goes to InfluxDB in clear text. */
export function influxWarnings({ influxUrl, influxToken }: InfluxConfig): string[] {
  if (!hasPassword(influxUrl) && influxToken === "") return [];
  const secret = influxToken === "" ? "the password" : "the token";
  return [clearTextWarning(INFLUX_OPTIONS.influxUrl.env, influxUrl, secret) ?? []].flat();
}
