// What a look at one thing found (pure).

/** The worst last. */
export const LEVELS = ["fine", "note", "warning", "unknown", "wrong"] as const;
export type Level = (typeof LEVELS)[number];

export const AREAS = [
  "ports",
  "health",
  "lanes",
  "streams",
  "clocks",
  "disk",
  "certificates",
  "secrets",
  "versions",
  "retention",
  "backups",
] as const;
export type Area = (typeof AREAS)[number];

export interface Finding {
  readonly area: Area;
  /** The server, process or file that it is about. */
  readonly subject: string;
  readonly level: Level;
  readonly what: string;
  /** The state that would be right; absent where all is well. */
  readonly right?: string;
  /** The next step, a command. */
  readonly next?: string;
}

/** A warning ends with 1, what is wrong or could not be reached with 3; 2 is for options that do not go together. */
export function exitStatusOf(findings: readonly Finding[]): 0 | 1 | 3 {
  const has = (...levels: Level[]) => findings.some(({ level }) => levels.includes(level));
  if (has("wrong", "unknown")) return 3;
  return has("warning") ? 1 : 0;
}

export const fine = (area: Area, subject: string, what: string): Finding => ({
  ...{ area, subject, level: "fine", what },
});
