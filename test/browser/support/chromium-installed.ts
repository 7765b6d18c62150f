import { ensureInstalled, searchDirectories } from "../../../infra/local/prerequisites.ts";

const PROGRAMS = { chromium: "chromium", mosquitto_pub: "mosquitto-clients" } as const;
const MANUAL = "Only the tests need them: sudo apt-get install -y chromium mosquitto-clients";

/** Before the browser tests: the browser is there, and a device's program, or a clear line says how. */
export default function setup(): void {
  ensureInstalled(PROGRAMS, MANUAL, {
    directories: searchDirectories(process.env["PATH"] ?? ""),
    root: process.getuid?.() === 0,
    say: (line) => void process.stderr.write(`${line}\n`),
  });
}
