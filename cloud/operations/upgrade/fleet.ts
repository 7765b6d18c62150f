// What runs in an installation during an upgrade, and whether that is finished (pure).
import type { LiveProcess } from "../../../contracts/messages/live.ts";
import { FORMAT_LEVEL_UNSAID } from "../../../platform/runtime/format-level.ts";

/** The version of programs that do not say theirs. */
const VERSION_UNSAID = "0.1.0";

/** Every region has one of each. */
const OF_A_REGION = ["gateway", "alerting"] as const;

export interface FleetProcess {
  /** `hub` or a region. */
  readonly domain: string;
  readonly kind: string;
  readonly instance: string;
  readonly version: string;
  /** The level of formats that it reads. */
  readonly level: number;
}

/** The processes as they say, the hub's first. */
export function fleetOf(
  heard: readonly Pick<LiveProcess, "domain" | "kind" | "instance" | "version" | "formatLevel">[],
): FleetProcess[] {
  const keyOf = ({ domain, kind, instance }: FleetProcess): string =>
    `${domain === "hub" ? "" : domain}/${kind}/${instance}`;
  return heard
    .map(({ domain, kind, instance, version, formatLevel }) => ({
      ...{ domain, kind, instance },
      version: typeof version === "string" ? version : VERSION_UNSAID,
      level: Number.isSafeInteger(formatLevel) ? formatLevel! : FORMAT_LEVEL_UNSAID,
    }))
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

/** Processes that are not of this version; between one and the next a fleet may be mixed. */
export const ofOtherVersions = (
  fleet: readonly FleetProcess[],
  version: string,
): readonly FleetProcess[] => fleet.filter((one) => one.version !== version);

/** Reasons for which a level may not be written yet, each a clause. */
export interface Hindrances {
  /** Processes that would not read it. */
  readonly older: readonly string[];
  /** Processes that there must be, and of which nobody knows what they read. */
  readonly unheard: readonly string[];
}

export function hindrances(
  fleet: readonly FleetProcess[],
  { regions, level }: { readonly regions: readonly string[]; readonly level: number },
): Hindrances {
  const older = fleet
    .filter((one) => one.level < level)
    .map(
      ({ kind, instance, domain, version, level: own }) =>
        `${kind} ${instance} (${domain}) runs ${version}, which reads formats up to level ${own} only: upgrade it`,
    );
  const unheard = regions.flatMap((region) =>
    OF_A_REGION.filter(
      (kind) => !fleet.some((one) => one.domain === region && one.kind === kind),
    ).map((kind) => `no ${kind} of ${region} is heard, so that nobody knows what it reads`),
  );
  return { older, unheard };
}
