/**
 * Looks once for all metrics that are read in one turn: a collection reads each metric by itself, and what they are read
 * from may take a walk over every session or key.
 */
export function oncePerTurn<T>(look: () => T): () => T {
  let seen: { readonly value: T } | null = null;
  return () => {
    if (seen) return seen.value;
    seen = { value: look() };
    queueMicrotask(() => (seen = null));
    return seen.value;
  };
}
