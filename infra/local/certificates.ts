// Certificates of a local installation with `--tls`: an authority that stays, and new ones by it at each start.
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { makeCertificates } from "../certificates/directory.ts";
import { type LocalOptions, REGIONS, certificateDirectory, certificatePath } from "./places.ts";

const DAY_MS = 86_400_000;

/** Names and addresses of everything here. */
const LOCAL = ["localhost", "127.0.0.1"];

/**
 * Makes the certificates, and has this process trust their authority.
 * @throws AppError `CONFIG_INVALID` for an authority that is there in half.
 */
export async function makeLocalCertificates(options: LocalOptions): Promise<void> {
  const servers = ["nats-hub", ...REGIONS.map((region) => `nats-${region}`), "gateway", "influxd"];
  await makeCertificates({
    directory: certificateDirectory(options),
    wanted: [
      ...servers.map((name) => ({ kind: "server" as const, hosts: [name, ...LOCAL] })),
      ...REGIONS.map((region) => ({ kind: "client" as const, name: `leaf-${region}` })),
    ],
    ...{ replace: true, nowMs: Date.now(), validMs: 90 * DAY_MS, authorityValidMs: 3_650 * DAY_MS },
  });
  const ours = readFileSync(certificatePath("ca", options), "utf8");
  setDefaultCACertificates([...getCACertificates("default"), ours]);
}
