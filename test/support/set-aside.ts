// Records that were set aside, in memory.
import type { RecordPlace, SetAsideKind } from "../../contracts/messages/set-aside.ts";
import type { SettingAside, Unhandled } from "../../platform/nats/lanes/set-aside.ts";
import { messageOf } from "../../platform/runtime/errors.ts";

export class SetAsideInMemory implements SettingAside {
  readonly all: Unhandled[] = [];
  readonly right: [kind: SetAsideKind, place: RecordPlace][] = [];

  put(unhandled: Unhandled): Promise<void> {
    this.all.push(unhandled);
    return Promise.resolve();
  }

  note(unhandled: Unhandled): void {
    this.all.push(unhandled);
  }

  mended(kind: SetAsideKind, place: RecordPlace): void {
    this.right.push([kind, place]);
  }

  /** `kind reason: why`, in their order. */
  get brief(): string[] {
    return this.all.map(({ kind, reason, why }) => `${kind} ${reason}: ${messageOf(why)}`);
  }
}
