// What units of an installation have in common (pure).
import { type InstallOptions, certificateFile, secretFile } from "./layout.ts";

/** The directory of a unit's credentials. */
export const CREDENTIAL = "%d";
export const HUB = "hub";

/** Names and values, or names and paths. */
export type Variables = Readonly<Record<string, string>>;

/** The credential with the authority of the servers. */
export const authority = ({ tls }: InstallOptions): Variables =>
  tls ? { "ca.pem": certificateFile("ca") } : {};

/** The command line of one of ours. */
export const skerry = (
  { programs: { node, entry } }: InstallOptions,
  args: readonly string[],
  flags: readonly string[] = [],
): readonly string[] => [node, ...flags, entry, ...args];

/** The scheme of nats-servers' URLs. */
export const scheme = ({ tls }: InstallOptions): string => (tls ? "tls" : "nats");

/** The file of a key that only some installations have. */
export const keyFile = (variable: string, name: string, isThere: boolean | undefined) => ({
  env: isThere ? { [variable]: `${CREDENTIAL}/${name}` } : {},
  credentials: isThere ? { [name]: secretFile(name) } : {},
});
