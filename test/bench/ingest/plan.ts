// What a run measures, and for how long.
import type { Shape } from "./shape.ts";
import type { TargetName } from "./targets.ts";
import { TARGET_NAMES } from "./targets.ts";

export interface Plan {
  readonly targets: readonly TargetName[];
  /** Connection counts under saturating load. */
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly pace: {
    readonly ratePerSecond: number;
    readonly connections: number;
    readonly rounds: number;
    readonly warmupMs: number;
    readonly measureMs: number;
  };
  readonly idleConnections: number;
  readonly workers: number;
  /** Unanswered publishes per connection under saturating load. */
  readonly window: number;
  /** Of the readings, if they are not those of the contract `environment`. */
  readonly shape?: Shape;
  /** Devices that the connections speak for, in turn; absent: each for one of its own. */
  readonly devices?: number;
}

export interface PlanFlags {
  readonly quick?: boolean;
  readonly connections?: readonly number[];
  readonly seconds?: number;
  readonly rounds?: number;
  readonly targets?: readonly TargetName[];
  readonly workers?: number;
  readonly window?: number;
  /** Publishes per second of the paced load. */
  readonly rate?: number;
  /** Numbers in a reading, and bytes of its JSON. */
  readonly fields?: number;
  readonly payloadBytes?: number;
  /** For so many devices all connections speak together. */
  readonly devices?: number;
}

/** Numbers in a reading if only its bytes are asked for. */
const FIELDS_DEFAULT = 5;

/** The default window of Mosquitto's and Paho's clients. */
const WINDOW_DEFAULT = 20;
/** Per connection of a paced load: so wide that only a stall of 10 s fills it. */
export const PACED_WINDOW = 1_000;
export const REFERENCE_CONNECTIONS = 100;

export function planOf(flags: PlanFlags): Plan {
  const quick = flags.quick ?? false;
  const speakers = Math.min(REFERENCE_CONNECTIONS, flags.devices ?? REFERENCE_CONNECTIONS);
  const measureMs = (flags.seconds ?? (quick ? 1.2 : 5)) * 1000;
  return {
    targets: flags.targets ?? TARGET_NAMES,
    connections:
      flags.devices !== undefined
        ? [speakers]
        : (flags.connections ?? (quick ? [100] : [1, 100, 1_000, 10_000])),
    rounds: flags.rounds ?? (quick ? 2 : 3),
    warmupMs: quick ? 500 : 2_000,
    measureMs,
    pace: {
      ratePerSecond: flags.rate ?? 10_000,
      connections: speakers,
      rounds: quick ? 1 : (flags.rounds ?? 3),
      warmupMs: quick ? 300 : 1_000,
      measureMs: quick ? 1_200 : measureMs,
    },
    idleConnections: quick ? 1_000 : 5_000,
    workers: flags.workers ?? 1,
    window: flags.window ?? WINDOW_DEFAULT,
    ...shapeOf(flags),
    ...devicesOf(flags),
  };
}

/** Their names have seven digits. */
const DEVICES_MAX = 10_000_000;

/** Their connections are always as many: a device's readings are in order only on one of them. */
function devicesOf({ devices, connections }: PlanFlags): Pick<Plan, "devices"> {
  if (devices === undefined) return {};
  const isShared = devices <= REFERENCE_CONNECTIONS || devices % REFERENCE_CONNECTIONS === 0;
  if (connections !== undefined || !isShared || devices > DEVICES_MAX)
    throw new RangeError(
      `--devices must be at most ${REFERENCE_CONNECTIONS} or a multiple of it, up to ${DEVICES_MAX}, without --connections: so many speak for them`,
    );
  return { devices };
}

function shapeOf({ fields, payloadBytes }: PlanFlags): Pick<Plan, "shape"> {
  if (fields === undefined && payloadBytes === undefined) return {};
  const bytes = payloadBytes === undefined ? {} : { bytes: payloadBytes };
  return { shape: { fields: fields ?? FIELDS_DEFAULT, ...bytes } };
}

/** Bytes that the windows of a paced load take in the generator, at most: each unanswered publish has its own. */
const PACED_BYTES_MAX = 512 * 1024 ** 2;

/** Unanswered publishes per connection of a paced load. */
export const pacedWindow = ({ shape, pace }: Pick<Plan, "shape" | "pace">): number =>
  Math.min(PACED_WINDOW, Math.ceil(PACED_BYTES_MAX / pace.connections / (shape?.bytes ?? 1)));

/** Sockets of one process, and some more for its files. */
export const openFilesNeeded = (plan: Plan): number =>
  Math.max(plan.idleConnections, ...plan.connections) + 256;
