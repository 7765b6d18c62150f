// What does not hold on older nats-servers, by version. Tried on 2.9.10, 2.10.29, 2.12.15, 2.14.10 and 2.15.3. Pure.

type Version = readonly [major: number, minor: number, patch: number];

/** The releases from which all walls hold: the second for its own line. */
const WHOLE_FROM: readonly Version[] = [
  [2, 14, 10],
  [2, 15, 3],
];

interface Weakness {
  readonly what: string;
  /** The first release without it. */
  readonly until: Version;
}

const WEAKNESSES: readonly Weakness[] = [
  {
    what: "what a region's link may say is checked by the region's own server only",
    until: [2, 12, 0],
  },
  {
    what: "one message with the header of a flow control, written by a gateway, stops the copies of its log until a gateway finds it",
    until: [2, 12, 0],
  },
];

const MIRRORS =
  "a region that was taken over can remove the hub's copies of its own streams, and what a region has that copies its log";

/** Seen on 2.9.10: two replicas each passed over one of two frames, and both had been acknowledged (decision 0084). */
const CLUSTERS =
  "a cluster whose servers are killed can, rarely, lose a frame that was acknowledged";

const parse = (version: string): Version => {
  const [major = 0, minor = 0, patch = 0] = (version.match(/\d+/g) ?? []).map(Number);
  return [major, minor, patch];
};

const isBefore = (one: Version, other: Version): boolean => {
  const at = [0, 1, 2].find((part) => one[part] !== other[part]);
  return at !== undefined && one[at]! < other[at]!;
};

/** The releases that a person should install, in words. */
export const WHOLE_VERSIONS = WHOLE_FROM.map((version) => version.join(".")).join(", ");

/** The walls that this release of nats-server lacks, a sentence each; empty if it has all. */
export function weaknessesOf(version: string): string[] {
  const own = parse(version);
  const line = WHOLE_FROM.findLast(([major, minor]) => !isBefore(own, [major, minor, 0]));
  if (line && !isBefore(own, line)) return [];
  return [
    MIRRORS,
    ...WEAKNESSES.filter(({ until }) => isBefore(own, until)).map(({ what }) => what),
  ];
}

/** The same of a server of a cluster; null if nothing is known. */
export const clusterWeaknessOf = (version: string): string | null =>
  weaknessesOf(version).length > 0 ? CLUSTERS : null;
