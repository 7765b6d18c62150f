// Mosquitto is measured against, not needed by the product: only the benchmark asks for it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";
import { AppError } from "../../infra/runtime/errors.ts";

/** An installed package must not start a server of its own beside ours. */
const APT_ENV = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  DEBIAN_FRONTEND: "noninteractive",
  RUNLEVEL: "1",
};

/** Finds nats-server and mosquitto; as root on Debian, installs what is missing. */
export function ensureBenchPrograms(say: (line: string) => void): { mosquitto: string } {
  const directories = searchDirectories(process.env["PATH"] ?? "");
  ensurePrograms({ directories, root: process.getuid?.() === 0, say });
  const find = (): string | undefined =>
    directories.map((directory) => join(directory, "mosquitto")).find((path) => existsSync(path));
  if (!find() && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    say("installing from Debian: mosquitto");
    for (const step of [["update"], ["install", "-y", "--no-install-recommends", "mosquitto"]])
      spawnSync("apt-get", ["-qq", ...step], { stdio: "ignore", env: APT_ENV });
  }
  const mosquitto = find();
  if (!mosquitto)
    throw new AppError(
      "PROGRAM_MISSING",
      "fatal",
      "mosquitto not found: sudo apt-get install -y mosquitto (macOS: brew install mosquitto), or leave it out with --targets",
    );
  return { mosquitto };
}
