/** Tells how long work took, whatever else the machine does meanwhile. */
export interface Stopwatch {
  /** Monotonic time, ms: cheap, and work of others counts. */
  readonly nowMs: () => number;
  /** Time for which this thread has run, ms: about a microsecond to ask. */
  readonly ranMs: () => number;
}

/** That of the thread that asks. */
export const threadStopwatch: Stopwatch = {
  nowMs: () => performance.now(),
  ranMs: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
};
