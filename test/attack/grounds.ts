// Everything that is attacked, and all attempts.
import type { Arena, Ground } from "./arena.ts";
import { NatsArena } from "./nats/arena.ts";
import { EdgeArena } from "./edge/arena.ts";
import { FLOOD_ATTEMPTS } from "./edge/flood-attempts.ts";
import { HTTP_ATTEMPTS } from "./edge/http-attempts.ts";
import { MQTT_ATTEMPTS } from "./edge/mqtt-attempts.ts";
import { SESSION_ATTEMPTS } from "./edge/session-attempts.ts";
import { WEB_ATTEMPTS } from "./edge/web-attempts.ts";
import { LEAF_ATTEMPTS } from "./nats/leaf-attempts.ts";
import { LOGIN_ATTEMPTS } from "./nats/login-attempts.ts";
import { USER_ATTEMPTS } from "./nats/user-attempts.ts";
import { ALERT_ATTEMPTS } from "./region/alert-attempts.ts";
import { RegionArena } from "./region/arena.ts";
import { RECORD_ATTEMPTS } from "./region/attempts.ts";
import { StoreArena } from "./store/arena.ts";
import { STORE_ATTEMPTS } from "./store/attempts.ts";

const nats: Ground<NatsArena> = {
  name: "nats-servers",
  arenas: 2,
  attempts: [...LOGIN_ATTEMPTS, ...LEAF_ATTEMPTS, ...USER_ATTEMPTS],
  open: (options) => NatsArena.open(options),
};

const edge: Ground<EdgeArena> = {
  name: "gateways and console",
  attempts: [...MQTT_ATTEMPTS, ...SESSION_ATTEMPTS, ...WEB_ATTEMPTS, ...HTTP_ATTEMPTS],
  open: (options) => EdgeArena.open(options),
};

const floods: Ground<EdgeArena> = {
  name: "a gateway that is flooded",
  measuresTime: true,
  attempts: FLOOD_ATTEMPTS,
  open: (options) => EdgeArena.open(options),
};

const region: Ground<RegionArena> = {
  name: "region with keys",
  attempts: [...RECORD_ATTEMPTS, ...ALERT_ATTEMPTS],
  open: (options) => RegionArena.open(options),
};

const store: Ground<StoreArena> = {
  name: "store",
  attempts: STORE_ATTEMPTS,
  open: (options) => StoreArena.open(options),
};

/** Each with an arena of its own; the attempts of one know the arena that they are given. */
export const GROUNDS = [store, region, edge, floods, nats] as unknown as readonly Ground<Arena>[];

export const ATTEMPTS = GROUNDS.flatMap(({ attempts }) => attempts);
