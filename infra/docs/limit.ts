// One bound that users meet (pure).

export interface Limit {
  /** A constant, or a property of one: `LIMITS.maxDepth`. */
  readonly name: string;
  /** Tells constants of one name apart: the end of the file's path. */
  readonly file?: string;
  readonly doc: string;
  readonly unit?: "share";
}
