/** Readings that a lane's rules looked at in another way than at most, or not at all. */
export interface LaneCounters {
  /** Came too late for one of the rules, which evaluated them apart. */
  late: number;
  /** Were evaluated before. */
  repeated: number;
  /** Evaluations of keys that a rule had no room for. */
  unevaluated: number;
  /** Evaluations that threw. */
  failed: number;
}
