// Mosquitto is measured against, not needed by the product: only the benchmark asks for it.
import {
  type PrerequisiteOptions,
  ensureInstalled,
  ensurePrograms,
  searchDirectories,
} from "../../infra/local/prerequisites.ts";

const MANUAL =
  "Install it with sudo apt-get install -y mosquitto (macOS: brew install mosquitto), or leave it out with --targets";

const optionsOf = (say: (line: string) => void): PrerequisiteOptions => {
  const directories = searchDirectories(process.env["PATH"] ?? "");
  return { directories, root: process.getuid?.() === 0, say };
};

/** Finds what the product needs; as root on Debian, installs what is missing. */
export const ensureProductPrograms = (say: (line: string) => void): void =>
  void ensurePrograms(optionsOf(say));

/** Paths of what is measured against; a peer that is not named is the one installed. */
export interface PeerPrograms {
  readonly mosquitto?: string | undefined;
  readonly natsServer?: string | undefined;
}

/** Finds nats-server, influxd and mosquitto; as root on Debian, installs what is missing. */
export function ensureBenchPrograms(
  say: (line: string) => void,
  { mosquitto, natsServer = "nats-server" }: PeerPrograms = {},
): { mosquitto: string; natsServer: string } {
  ensureProductPrograms(say);
  const installed = (): string =>
    ensureInstalled({ mosquitto: "mosquitto" }, MANUAL, optionsOf(say)).mosquitto;
  return { mosquitto: mosquitto ?? installed(), natsServer };
}
