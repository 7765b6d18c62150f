/**
 * Randomness that can be had again: `SKERRY_SEED=n` repeats a run.
 */
export function seededRandom(): { seed: number; random: () => number } {
  const seed = Number(process.env.SKERRY_SEED ?? Math.floor(Math.random() * 2 ** 31));
  return { seed, random: randomOf(seed) };
}

/** mulberry32, a 32-bit generator that is good enough to choose moments and victims. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
