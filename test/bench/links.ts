// The links between the processes of a benchmark: in clear text, or TLS on each of them.
import { join } from "node:path";
import type { ClientTls } from "../../platform/runtime/client-tls.ts";
import type { WorldTls } from "../support/nats.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { place, placeCertificate, testAuthority } from "../support/tls-files.ts";

export const LINKS = ["clear", "tls"] as const;
/** `tls`: every client and every server of NATS shows a certificate, and so does InfluxDB. */
export type Links = (typeof LINKS)[number];

export interface LinkFiles {
  readonly world: WorldTls;
  /** Of a process of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Of a gateway whose devices use TLS as well. */
  readonly mqttEnv: Readonly<Record<string, string>>;
  /** Of influxd, and of who writes to it. */
  readonly influxEnv: Record<string, string>;
  readonly influxTls: ClientTls;
  readonly ca: string;
}

const LOCAL = ["localhost", "127.0.0.1"];

/** Certificates of one run, issued for it. */
export async function placeLinkFiles(
  stack: AsyncDisposableStack,
  regions: readonly string[],
): Promise<LinkFiles> {
  const { path: directory } = stack.use(await temporaryDirectory());
  const authority = await testAuthority("benchmark");
  const ca = place(directory, "ca.pem", authority.pem);
  const servers = ["hub", ...regions, "mqtt", "influx"];
  for (const name of servers) {
    const { certificate, key } = await authority.issue({ kind: "server", hosts: LOCAL });
    place(directory, `${name}.key`, key);
    place(directory, `${name}.pem`, certificate);
  }
  for (const name of ["client", ...regions.map((region) => `leaf-${region}`)])
    await placeCertificate(directory, authority, { kind: "client", name });
  const file = (name: string): string => join(directory, name);
  return {
    world: { verified: "all", directory },
    env: {
      SKERRY_NATS_TLS_CA: ca,
      SKERRY_NATS_TLS_CERTIFICATE: file("client.pem"),
      SKERRY_NATS_TLS_KEY: file("client.key"),
    },
    mqttEnv: {
      SKERRY_TLS_CERTIFICATE: file("mqtt.pem"),
      SKERRY_TLS_KEY: file("mqtt.key"),
    },
    influxEnv: {
      INFLUXDB_HTTP_HTTPS_ENABLED: "true",
      INFLUXDB_HTTP_HTTPS_CERTIFICATE: file("influx.pem"),
      INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: file("influx.key"),
    },
    influxTls: { ca: authority.pem, minVersion: "TLSv1.2" },
    ca,
  };
}
