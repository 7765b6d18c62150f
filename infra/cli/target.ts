import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Addresses } from "../local/plan.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";

/** The nats-server of a JetStream domain: given, or that of the local installation that runs now. */
export function natsTarget(options: { nats?: string; dataDir: string }, domain: string): string {
  if (options.nats !== undefined) return options.nats;
  const path = join(options.dataDir, "addresses.json");
  try {
    const { nats } = JSON.parse(readFileSync(path, "utf8")) as Addresses;
    const url = (nats as Record<string, string>)[domain];
    if (url === undefined) throw new Error(`it has no nats-server "${domain}"`);
    return url;
  } catch (error) {
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `${path}: ${messageOf(error)}; is npm start running? Otherwise say --nats URL`,
    );
  }
}
