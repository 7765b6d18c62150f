// A place that is attacked: real servers of its own, whose state can be read and put right again.
import type { Attempt, WallName } from "./attempt.ts";
import type { State } from "./state.ts";

export interface Arena extends AsyncDisposable {
  state(): Promise<State>;
  /** Puts right what an attempt has harmed. */
  mend(before: State, after: State): Promise<void>;
}

export interface ArenaOptions {
  /** Walls that are taken out. */
  readonly without: ReadonlySet<WallName>;
  /** The program of the nats-servers. */
  readonly natsServer: string;
  readonly say: (line: string) => void;
}

/** A kind of arena, and all attempts that are made there. */
export interface Ground<A extends Arena = Arena> {
  readonly name: string;
  readonly attempts: readonly Attempt<A>[];
  /** True: controls wait until the attempts are through, since times are measured. */
  readonly measuresTime?: true;
  /** Arenas that share the attempts; absent: one. */
  readonly arenas?: number;
  readonly open: (options: ArenaOptions) => Promise<A>;
}
