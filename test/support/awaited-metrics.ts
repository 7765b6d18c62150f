/** Beginnings of the names of metrics that dashboards and alerts ask for and that no process has yet. */
export const AWAITED_METRICS: readonly string[] = ["skerry_lane_"];

/** Whether a query needs something that is not there yet. */
export const isAwaited = (query: string): boolean =>
  AWAITED_METRICS.some((name) => query.includes(name));
