// Mosquitto is measured against, not needed by the product: only the benchmark asks for it.
import {
  ensureInstalled,
  ensurePrograms,
  searchDirectories,
} from "../../infra/local/prerequisites.ts";

const MANUAL =
  "Install it with sudo apt-get install -y mosquitto (macOS: brew install mosquitto), or leave it out with --targets";

/** Finds nats-server, influxd and mosquitto; as root on Debian, installs what is missing. */
export function ensureBenchPrograms(say: (line: string) => void): { mosquitto: string } {
  const directories = searchDirectories(process.env["PATH"] ?? "");
  const options = { directories, root: process.getuid?.() === 0, say };
  ensurePrograms(options);
  return ensureInstalled({ mosquitto: "mosquitto" }, MANUAL, options);
}
