/** An alert's life, as one message on `alerts.{region}.{rule}.{key}`. */
export interface Alert {
  /** Hash of rule, key, lane, seq and index of the raising reading: replays never raise it twice. */
  readonly id: string;
  readonly rule: string;
  readonly key: string;
  readonly region: string;
  readonly state: "firing" | "resolved";
  /** Event time of the first reading of the condition, epoch ms. */
  readonly sinceMs: number;
  /** Event time of the reading that made this transition, epoch ms. */
  readonly atMs: number;
  /** When the gateway received that reading, epoch ms. */
  readonly receivedAtMs: number;
  /** The value that made this transition. */
  readonly value: number;
  readonly message: string;
  /** Where in the log the transition happened: alerts are a function of the lane's order. */
  readonly partition: number;
  readonly seq: number;
  readonly index: number;
}
