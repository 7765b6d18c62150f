// The last canary of each gateway in each lane that the store has acknowledged (pure).
import type { CanaryStatus } from "../../../contracts/messages/latency.ts";

/** Lanes and gateways that are kept; past it the one whose last canary is oldest is forgotten. */
const CANARIES_KEPT = 256;

export class Canaries {
  readonly #last = new Map<string, CanaryStatus>();

  get all(): readonly CanaryStatus[] {
    return [...this.#last.values()];
  }

  stored(canary: CanaryStatus): void {
    const key = `${canary.region}/${canary.partition}/${canary.gateway}`;
    this.#last.delete(key);
    this.#last.set(key, canary);
    if (this.#last.size > CANARIES_KEPT) this.#last.delete(this.#last.keys().next().value!);
  }
}
