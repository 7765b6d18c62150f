/** The hub's progress in a region's log: written at the hub, so that the region knows what may go. */
export interface HubCopy {
  /** Last sequence that the hub's mirror holds. */
  readonly seq: number;
  /** The time of that observation, epoch ms. */
  readonly seenAtMs: number;
  /** The last time that the region's store was found rolled back. */
  readonly rollback?: Rollback;
}

/** A region's store lost its newest messages and used their sequence numbers again. */
export interface Rollback {
  readonly foundAtMs: number;
  /** Copies made before it was found hold other messages than the region, up to here. */
  readonly copySeq: number;
  /** The time at which the hub made its copy again, epoch ms; null while readers are not yet past `copySeq`. */
  readonly rebuiltAtMs: number | null;
}
