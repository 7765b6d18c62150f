// One attempt: somebody tries what is not theirs, by one trick. It is data, and a function that does it.
import type { Harmless } from "./state.ts";

/** The lines of defence that are attacked; walls.ts says what each is, and how it is taken out. */
export type WallName =
  | "accounts"
  | "leaf-accounts"
  | "hub-mirrors"
  | "rollups"
  | "passwords"
  | "leaf-only"
  | "topics"
  | "speech"
  | "presence"
  | "client-ids"
  | "sessions"
  | "secrets"
  | "anonymous"
  | "ws-origins"
  | "guesses"
  | "http-keys"
  | "http-shapes"
  | "http-bounds"
  | "console-roles"
  | "console-site"
  | "hosts"
  | "viewer-mqtt"
  | "influx"
  | "signatures"
  | "alert-signatures";

/** Something else than the wall, which refuses the attempt to everybody. */
export interface Moot {
  /** A sentence that names it. */
  readonly why: string;
  /** The first nats-server that does; absent: every one. */
  readonly from?: string;
}

export interface Attempt<Arena> {
  /** Unique; `role/what/trick`, so that a pattern picks some. */
  readonly id: string;
  /** Whoever tries: a person, program or password. */
  readonly role: string;
  readonly wall: WallName;
  /** The end, as `delete stream COMMANDS at hub`. */
  readonly tries: string;
  /** The means. */
  readonly trick: string;
  /** Whom or what it would harm. */
  readonly harms: string;
  /** Attempts of one control are shown to work by one run without the wall. */
  readonly control: string;
  /** The first nats-server by which the wall is claimed to hold; absent: by every one that Skerry runs on. */
  readonly since?: string;
  /** Present: a control that does no harm is expected, on the servers that it names; the attempt is made all the same. */
  readonly moot?: Moot;
  /** False where it is about what is heard, and others speak meanwhile. */
  readonly comparesState?: false;
  /** What may change while this is tried: rights of the role. */
  readonly harmless?: Harmless;
  /** Tries. @returns what was seen at once that is a harm by itself, such as a leak; null if nothing was. */
  readonly run: (arena: Arena) => Promise<string | null>;
}
