// The part that all attempts of one user have in common. Pure.
import { type Profile, roleOf, sharedStreams } from "./profiles.ts";

/** What is lost or forged with a stream. */
export function harmOf(stream: string): string {
  const [kind = ""] = stream.replace("KV_", "").split("_");
  const harms: Readonly<Record<string, string>> = {
    TELEMETRY: "readings that were acknowledged",
    ALERTS: "alerts, and the commands that follow from them",
    REJECTS: "what was refused, and why",
    REPLIES: "what devices answered",
    COMMANDS: "actuators: commands to devices",
    AUDIT: "the account of who changed what",
    DEADLETTERS: "notifications that were given up",
    SETASIDE: "records that wait to be mended",
    devices: "who may log in, and as what",
    rules: "which alerts there are",
    contracts: "what a reading is",
    positions: "up to where readings are handled, and so what is trimmed",
    leases: "who handles which lane",
    ledger: "whether every reading is accounted for",
    presence: "which devices are there",
    alert: "which alerts are open",
  };
  return harms[kind] ?? `what is in ${stream}`;
}

/** Streams that may grow while a user works: its own, and those that all write. */
const appendsOf = (profile: Profile): ReadonlySet<string> =>
  new Set([
    ...[...profile.appends, ...profile.shortens, ...sharedStreams(profile.server)],
    ...Object.keys(profile.entries).map((bucket) => `KV_${bucket}`),
  ]);

/** The common part of the attempts of a user. */
export const by = (profile: Profile) => ({
  role: roleOf(profile),
  wall: "accounts" as const,
  harmless: { appends: appendsOf(profile) },
});
