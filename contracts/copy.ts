/** How far the hub has a region's log: written at the hub, so that the region knows what may go. */
export interface HubCopy {
  /** Last sequence that the hub's mirror holds. */
  readonly seq: number;
  /** When that was seen, epoch ms. */
  readonly seenAtMs: number;
}
