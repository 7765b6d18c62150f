/** Epoch milliseconds that never go back, whatever happens to the system's clock after the start. */
export function makeMonotonicClock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.floor(offsetMs + performance.now());
}
