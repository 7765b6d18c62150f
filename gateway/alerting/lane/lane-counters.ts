/** Readings that a lane's rules did not look at. */
export interface LaneCounters {
  late: number;
  repeated: number;
  /** Readings of keys that a rule had no room for. */
  unevaluated: number;
}
