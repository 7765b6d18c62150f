// Whether the operators of lanes get on: asked of the log itself, since a reader may hear nothing any more.
//
// I1. A lane whose reason for standing is known, or comes from outside, is never a reason to start the process again.
import { telemetryStream, telemetrySubject, laneName } from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import type { HealthCheck } from "../../runtime/health.ts";
import type { NatsConnection } from "../client/connection.ts";
import { Streams } from "../client/streams.ts";
import { type LaneAt, LaneStands } from "./lane-stands.ts";

const LOOK_EVERY_MS = 2_000;
const ANSWER_WITHIN_MS = 3_000;
/** Well over a restart of a server, or of another process: nobody should be started anew for less. */
const STANDS_MS_MAX = 60_000;

export interface LanesAtWork {
  readonly connection: NatsConnection;
  /** The lanes that this process holds. */
  readonly lanes: () => readonly LaneAt[];
  /** True while something outside is known to be in the way: a server that is away. */
  readonly isHindered: () => boolean;
  readonly nowMs?: () => number;
}

export class LaneHealth {
  readonly #of: LanesAtWork;
  readonly #nowMs: () => number;
  readonly #stands = new LaneStands();

  constructor(of: LanesAtWork) {
    this.#of = of;
    this.#nowMs = of.nowMs ?? Date.now;
  }

  get check(): HealthCheck {
    const stands = this.#of.lanes().flatMap(({ lane }) => {
      const forMs = this.#stands.standsForMs(lane, this.#nowMs());
      return forMs < STANDS_MS_MAX
        ? []
        : [
            `lane ${laneName(lane)} has frames to do, has done none for ${Math.round(forMs / 1_000)} s, and nothing is known to be in its way`,
          ];
    });
    return {
      name: "lanes get on",
      kind: "live",
      why: stands.length === 0 ? null : stands.join("; "),
    };
  }

  /** Looks every two seconds until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const streams = new Streams(this.#of.connection, { timeoutMs: ANSWER_WITHIN_MS });
    while (!signal.aborted) {
      const lanes = this.#of.lanes();
      this.#stands.keep(lanes.map(({ lane }) => lane));
      await Promise.all(lanes.map((at) => this.#look(streams, at)));
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(streams: Streams, at: LaneAt): Promise<void> {
    const { region, partition } = at.lane;
    const asks = this.#stands.isWhereItWas(at) && at.stoppedBy === null;
    const newest = asks
      ? await streams
          .newest(telemetryStream(region), telemetrySubject(region, partition))
          .catch(() => null)
      : null;
    const newestSeq = this.#of.isHindered() ? null : (newest?.seq ?? null); // I1
    this.#stands.look(at, newestSeq, this.#nowMs());
  }
}
