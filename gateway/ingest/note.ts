/** What a reading does not hold as its device sent it, though it was admitted. */
export interface Note {
  readonly field: string;
  /** A value that its contract does not allow was left out, or set to the nearest that is allowed; or
   * the time of arrival stands for that of a clock that is not set. */
  readonly how: "left_out" | "clamped" | "arrival_time";
  /** What was wrong, as a refusal would have said it. */
  readonly detail: string;
}
