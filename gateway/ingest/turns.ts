// Turns of work that many holders want done, a bounded part of it at once (pure).
//
// U1. Work of `atOnceMax` pieces and `costMax` is under way at most, or one piece that costs more.
// U2. Holders take turns: whoever wants much waits behind itself, and others for one piece of it at most.

interface Piece {
  readonly cost: number;
  readonly work: () => Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

export class Turns {
  readonly #bounds: { readonly atOnceMax: number; readonly costMax: number };
  /** Pieces that wait, by holder; the holder whose turn it is comes first. */
  readonly #waiting = new Map<string, Piece[]>();
  #running = 0;
  #cost = 0;

  constructor(bounds: { atOnceMax: number; costMax: number }) {
    this.#bounds = bounds;
  }

  /** Does the work when it is its turn; resolves as it does. */
  run(holder: string, cost: number, work: () => Promise<void>): Promise<void> {
    return new Promise((settle) => {
      const piece = { cost, work, settle };
      const own = this.#waiting.get(holder);
      if (own) own.push(piece);
      else this.#waiting.set(holder, [piece]);
      this.#start();
    });
  }

  #start(): void {
    const { atOnceMax, costMax } = this.#bounds;
    while (this.#running < atOnceMax) {
      const [next] = this.#waiting;
      if (!next) return;
      const [holder, pieces] = next;
      const piece = pieces[0]!;
      if (this.#running > 0 && this.#cost + piece.cost > costMax) return;
      pieces.shift();
      this.#waiting.delete(holder);
      if (pieces.length > 0) this.#waiting.set(holder, pieces);
      this.#do(piece);
    }
  }

  #do({ cost, work, settle }: Piece): void {
    this.#running += 1;
    this.#cost += cost;
    const over = (): void => {
      this.#running -= 1;
      this.#cost -= cost;
      this.#start();
    };
    const outcome = work();
    outcome.then(over, over);
    settle(outcome);
  }
}
