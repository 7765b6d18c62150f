import {
  ensureInstalled,
  ensurePrograms,
  searchDirectories,
} from "../../infra/local/prerequisites.ts";
import { MOSQUITTO, MOSQUITTO_MANUAL } from "./mosquitto.ts";
import { PROMETHEUS, PROMETHEUS_MANUAL } from "./prometheus.ts";

/** It checks units that nothing starts here. */
const SYSTEMD = { "systemd-analyze": "systemd", "systemd-notify": "systemd" } as const;
const SYSTEMD_MANUAL = "Only the tests need it: sudo apt-get install -y systemd";
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
  ensureInstalled(SYSTEMD, SYSTEMD_MANUAL, options);
  ensureInstalled(PROMETHEUS, PROMETHEUS_MANUAL, options);
}
