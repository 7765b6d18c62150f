import { telemetrySubject } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { StreamPublisher } from "../../platform/nats/client/stream-publisher.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import type { FrameStore } from "./commit-log.ts";

/** The region's telemetry stream as the commit log's store: one subject for each partition. */
export class NatsFrameStore implements FrameStore {
  readonly #publisher: Pick<StreamPublisher, "publish">;
  readonly #region: string;
  #isHeld = false;
  #onTheWay = 0;
  #idle: () => void = () => undefined;

  constructor(
    connection: NatsConnection,
    region: string,
    publisher: Pick<StreamPublisher, "publish"> = new StreamPublisher(connection),
  ) {
    this.#publisher = publisher;
    this.#region = region;
  }

  /** @throws AppError `NATS_UNAVAILABLE` (retry), also while it is held. */
  async publish(
    partition: number,
    data: Uint8Array,
    messageId: string,
  ): Promise<{ duplicate: boolean }> {
    if (this.#isHeld) throw new AppError("NATS_UNAVAILABLE", "retry", HELD);
    this.#onTheWay += 1;
    try {
      const subject = telemetrySubject(this.#region, partition);
      return await this.#publisher.publish({ subject, data, messageId });
    } finally {
      this.#onTheWay -= 1;
      if (this.#onTheWay === 0) this.#idle();
    }
  }

  /** Takes no more frames, so that nothing is acknowledged; resolves once none is on its way, to what lets them go on. */
  async hold(): Promise<() => void> {
    this.#isHeld = true;
    if (this.#onTheWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    return () => (this.#isHeld = false);
  }
}

const HELD = "the region's log went back, and goes on behind the hub's copy first";
