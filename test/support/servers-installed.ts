import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";

/** Before the integration tests: nats-server and influxd are there, or a clear line says how. */
export default function setup(): void {
  ensurePrograms({
    directories: searchDirectories(process.env.PATH ?? ""),
    root: process.getuid?.() === 0,
    say: (line) => process.stderr.write(`${line}\n`),
  });
}
