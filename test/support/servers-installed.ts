import {
  ensureInstalled,
  ensurePrograms,
  searchDirectories,
} from "../../infra/local/prerequisites.ts";
import { MOSQUITTO, MOSQUITTO_MANUAL } from "./mosquitto.ts";
import { PROMETHEUS, PROMETHEUS_MANUAL } from "./prometheus.ts";

const MANUAL = "Only the tests need it: sudo apt-get install -y victoria-metrics";

/** Before the integration tests: every server is there, or a clear line says how. */
export default function setup(): void {
  const options = {
    directories: searchDirectories(process.env.PATH ?? ""),
    root: process.getuid?.() === 0,
    say: (line: string) => void process.stderr.write(`${line}\n`),
  };
  ensurePrograms(options);
  ensureInstalled({ "victoria-metrics": "victoria-metrics" }, MANUAL, options);
  ensureInstalled(MOSQUITTO, MOSQUITTO_MANUAL, options);
  ensureInstalled(PROMETHEUS, PROMETHEUS_MANUAL, options);
}
