/** Share of the keys that may go which goes at once: looking for them takes a pass over all. */
export const SHED_SHARE = 0.1;

/** The tenth of those that may go which were silent longest; empty if none may. */
export function longestSilent<Held extends { readonly touchedAt: number }>(
  held: ReadonlyMap<string, Held>,
  mayGo: (key: string, of: Held) => boolean,
): [key: string, of: Held][] {
  const idle = [...held].filter(([key, of]) => mayGo(key, of));
  idle.sort(([, a], [, b]) => a.touchedAt - b.touchedAt);
  return idle.slice(0, Math.ceil(idle.length * SHED_SHARE));
}
