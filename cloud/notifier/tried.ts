// What is known of failed attempts (pure): by the alerts that they were about, because a message may be
// another one when it is tried again.

/** Attempts at a message, those of a process before this one included. */
export interface Tried {
  /** The first alert of the message. */
  readonly seq: number;
  readonly attempts: number;
  /** Epoch ms. */
  readonly firstTriedMs: number;
}

export class TriedAlerts {
  readonly #bySeq = new Map<number, Tried>();

  get all(): readonly Tried[] {
    return [...this.#bySeq.values()];
  }

  note(tried: Tried): void {
    this.#bySeq.set(tried.seq, tried);
  }

  /** Of a message with these alerts: as long ago and as often as any of them. */
  of(seqs: readonly number[]): Tried | null {
    const found = seqs.flatMap((seq) => this.#bySeq.get(seq) ?? []);
    if (found.length === 0) return null;
    return {
      seq: seqs[0]!,
      attempts: Math.max(...found.map(({ attempts }) => attempts)),
      firstTriedMs: Math.min(...found.map(({ firstTriedMs }) => firstTriedMs)),
    };
  }

  forget(seqs: readonly number[]): void {
    for (const seq of seqs) this.#bySeq.delete(seq);
  }
}
