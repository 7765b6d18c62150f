// The moment at which the next frame of a busy partition leaves. The price of a frame, here, in the
// server and in every reader, is paid less often if it holds more, and larger frames compress better.
//
// G1. Under load a frame leaves SPACING_MS after the one before it, or as soon as it holds
//     READINGS_AT_ONCE. A reading that comes alone waits for nothing.
// G2. Waiting is for what still arrives. If nothing did for QUIET_MS, the frame leaves, and so do the
//     next FRAMES_UNSPACED: clients that wait for their acknowledgements are not made to wait.
export const SPACING_MS = 8;
export const READINGS_AT_ONCE = 128;
const QUIET_MS = 4;
const FRAMES_UNSPACED = 16;

export class FrameSpacing {
  #unspaced = 0;
  #leave: (() => void) | null = null;

  /**
   * Resolves when the next frame is due; undefined if it is already.
   * @param stored readings of the frame before it. @param sinceMs how long ago that one left.
   * @param gathered how many readings wait by now.
   */
  untilDue(stored: number, sinceMs: number, gathered: () => number): Promise<void> | undefined {
    if (this.#unspaced > 0) {
      this.#unspaced -= 1;
      return undefined;
    }
    if (stored < 2 || sinceMs + 1 > SPACING_MS || gathered() >= READINGS_AT_ONCE) return undefined;
    return this.#wait(SPACING_MS - sinceMs, gathered);
  }

  /** Must be called whenever a reading was gathered. */
  gathered(count: number): void {
    if (count === READINGS_AT_ONCE) this.#leave?.();
  }

  #wait(waitMs: number, gathered: () => number): Promise<void> {
    return new Promise((resolve) => {
      let before = gathered();
      const due = setTimeout(() => this.#leave?.(), waitMs);
      const quiet = setInterval(() => {
        if (gathered() > before) return void (before = gathered());
        this.#unspaced = FRAMES_UNSPACED;
        this.#leave?.();
      }, QUIET_MS);
      this.#leave = () => {
        this.#leave = null;
        clearTimeout(due);
        clearInterval(quiet);
        resolve();
      };
    });
  }
}
