// Who was ever there in a lane, and which devices are connected (pure).
//
// F1. A series is known, by its text, from its first reading of a contract on; absence rules wait for those that
//     are known, also for those that were known before the rule was.
// F2. A device is connected from presence reading to presence reading. A gateway that starts anew has
//     lost all its connections: those that it had are lost with the first frame of its new epoch.
// F3. A device that moved to another gateway is not lost with what the one before says afterwards.
import type { FrameHeader } from "../../../contracts/messages/frame.ts";
import { IdleTimers } from "../windows/idle-timers.ts";

/** The number of keys of a contract that are known in one lane; past it the longest silent tenth goes. */
const KEYS_MAX = 200_000;
const SHED_SHARE = 0.1;
const EPOCHS_REMEMBERED = 4;

/** The reason in a presence reading. `disconnect` is an orderly one. */
interface Presence {
  readonly state?: unknown;
  readonly reason?: unknown;
}

export interface PresenceState {
  readonly contracts: readonly (readonly [
    contract: string,
    keys: readonly (readonly [key: string, at: number])[],
  ])[];
  readonly online: readonly (readonly [device: string, gateway: string, epoch: string])[];
  readonly epochs: readonly (readonly [gateway: string, epochs: string[]])[];
}

export class LanePresence {
  readonly #known = new Map<string, IdleTimers>();
  readonly #online = new Map<string, { gateway: string; epoch: string }>();
  /** Epochs of each gateway, the newest last. */
  readonly #epochs = new Map<string, string[]>();

  /** Series of a contract with the attended time of their last reading, the longest silent first. */
  known(contract: string): Iterable<readonly [key: string, at: number]> {
    return this.#known.get(contract)?.entries() ?? [];
  }

  seen(contract: string, key: string, attendedMs: number): void {
    let keys = this.#known.get(contract);
    if (!keys) this.#known.set(contract, (keys = new IdleTimers()));
    keys.touch(key, attendedMs);
    if (keys.size > KEYS_MAX) keys.forget(Math.ceil(KEYS_MAX * SHED_SHARE));
  }

  /** Devices that a gateway lost with its last epoch (F2), if this frame begins a new one. */
  lostWithEpoch({ gateway, epoch }: Pick<FrameHeader, "gateway" | "epoch">): string[] {
    const epochs = this.#epochs.get(gateway) ?? [];
    // Frames of a gateway that was killed may land after the first ones of its next start.
    if (epochs.includes(epoch)) return [];
    this.#epochs.set(gateway, [...epochs.slice(1 - EPOCHS_REMEMBERED), epoch]);
    const lost: string[] = [];
    for (const [device, connection] of this.#online)
      if (connection.gateway === gateway && connection.epoch !== epoch) lost.push(device);
    for (const device of lost) this.#online.delete(device);
    return lost;
  }

  /** The state of a device's connection by a presence reading. */
  heard(
    device: string,
    { state, reason }: Presence,
    { gateway, epoch }: Pick<FrameHeader, "gateway" | "epoch">,
  ): "online" | "lost" | "left" | "moved" {
    if (state === "online") {
      this.#online.set(device, { gateway, epoch });
      return "online";
    }
    const connection = this.#online.get(device);
    if (connection && connection.gateway !== gateway) return "moved"; // F3
    this.#online.delete(device);
    return reason === "disconnect" || reason === "taken_over" ? "left" : "lost";
  }

  toJSON(): PresenceState {
    return {
      contracts: [...this.#known].map(([contract, keys]) => [contract, [...keys.entries()]]),
      epochs: [...this.#epochs],
      online: [...this.#online].map(([device, { gateway, epoch }]) => [device, gateway, epoch]),
    };
  }

  static from({ contracts, online, epochs }: PresenceState): LanePresence {
    const presence = new LanePresence();
    for (const [contract, keys] of contracts) presence.#known.set(contract, IdleTimers.from(keys));
    for (const [gateway, of] of epochs) presence.#epochs.set(gateway, of);
    for (const [device, gateway, epoch] of online) presence.#online.set(device, { gateway, epoch });
    return presence;
  }
}
