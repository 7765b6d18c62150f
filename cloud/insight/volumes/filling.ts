// Volumes that fill up, in words (pure).
import type { VolumeForecast } from "../../../contracts/messages/status.ts";
import { bytes } from "../../operations/words.ts";
import { about } from "../words.ts";

const DAY_MS = 86_400_000;
/** Somebody should know for that long before it is full. */
export const FULL_SOON_MS = 7 * DAY_MS;
/** Less is left to do something about it than a night and a morning. */
export const FULL_NOW_MS = DAY_MS;

/** A volume for people: `disk influxd of the hub`. */
export const volumeName = ({ domain, name }: Pick<VolumeForecast, "domain" | "name">): string =>
  name === "jetstream"
    ? `the room of JetStream of ${placeOf(domain)}`
    : `the disk ${name} of ${placeOf(domain)}`;

const placeOf = (domain: string): string => (domain === "hub" ? "the hub" : domain);

/** A clause: how much is left, how fast it goes, and when it is gone. */
export function filling(volume: VolumeForecast, fullInMs: number): string {
  const { freeBytes, bytesPerDay } = volume;
  const rate = bytesPerDay !== null && bytesPerDay > 0 ? `, ${bytes(bytesPerDay)} a day come` : "";
  return `${volumeName(volume)} is full in ${about(fullInMs)}: ${bytes(freeBytes)} are free${rate}`;
}
