// What went wrong during a run, in words (pure).

/** A death, or an error that a process logged. */
export interface Incident {
  readonly at: Date;
  readonly process: string;
  readonly what: string;
}

const LINE_CHARS_MAX = 300;

/** One line: when, which process, what happened. */
export const incidentLine = ({ at, process, what }: Incident): string =>
  `${at.toISOString().slice(11, 19)} ${process}: ${what.replaceAll(/\s+/g, " ")}`.slice(
    0,
    LINE_CHARS_MAX,
  );

/** A count of them that says what they were: the last `shown`, the newest last. */
export function incidentLines(
  { incidents, total }: { readonly incidents: readonly Incident[]; readonly total: number },
  shown: number,
): string[] {
  if (total === 0) return ["incidents: none"];
  const last = incidents.slice(-shown);
  const which = total > last.length ? `, the last ${last.length}` : "";
  return [`incidents: ${total}${which}`, ...last.map((incident) => `  ${incidentLine(incident)}`)];
}
