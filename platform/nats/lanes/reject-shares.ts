// Whose rejects make room for new ones (pure).
//
// E1. Whoever has most gives, down to a level that all who give end at: nobody loses anything to a device
//     that has more than it has itself.
// E2. What goes is the oldest of each reason and contract of the device, of all of them the same share.

/** Rejects of one device, reason and contract, as the stream has them. */
export interface RejectShare {
  readonly subject: string;
  readonly device: string;
  readonly messages: number;
  /** An estimate. */
  readonly bytes: number;
}

export interface Cut {
  readonly subject: string;
  /** The number of the newest that stay. */
  readonly keep: number;
}

/** The level at which shares have to end so that together they take `target` at most: water-filling. */
export function fairLevel(shares: readonly number[], target: number): number {
  const ascending = [...shares].sort((a, b) => a - b);
  let left = target;
  for (const [at, share] of ascending.entries()) {
    const level = left / (ascending.length - at);
    if (share > level) return Math.max(0, level);
    left -= share;
  }
  return Infinity;
}

/** The cuts after which all shares together take `targetBytes` at most, as far as the estimates are right. */
export function fairCuts(shares: readonly RejectShare[], targetBytes: number): Cut[] {
  const byDevice = Map.groupBy(shares, ({ device }) => device);
  const bytesOf = (own: readonly RejectShare[]): number =>
    own.reduce((sum, { bytes }) => sum + bytes, 0);
  const level = fairLevel([...byDevice.values()].map(bytesOf), targetBytes);
  return [...byDevice.values()].flatMap((own) => {
    const bytes = bytesOf(own);
    if (bytes <= level) return []; // E1
    return own.flatMap(({ subject, messages }) => {
      const keep = Math.floor((messages * level) / bytes); // E2
      return keep < messages ? [{ subject, keep }] : [];
    });
  });
}
