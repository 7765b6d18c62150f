// What a gateway writes into its region's log, without a gateway.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { encodeFrame, encodeReading, frameMessageId } from "../../contracts/messages/frame.ts";
import { type LaneId, telemetrySubject } from "../../contracts/names/subjects.ts";

export interface TestReading {
  readonly device: string;
  readonly contract: string;
  readonly receivedAtMs: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly traceparent?: string;
}

/** One gateway's frames of one lane, numbered as a gateway numbers them. */
export class FrameWriter {
  readonly #lane: LaneId;
  readonly #gateway: string;
  readonly #epoch: string;
  #n = 0;
  #total = 0;

  constructor(lane: LaneId, gateway = "g1", epoch = "e1") {
    this.#lane = lane;
    this.#gateway = gateway;
    this.#epoch = epoch;
  }

  /** Totals from the next frame on are wrong by that many readings, as of a gateway that cannot count. */
  misstate(readings: number): void {
    this.#total += readings;
  }

  /** The next frame; `skip` leaves a hole of that many frames before it. */
  encode(readings: readonly TestReading[], clockMs: number, skip = 0, canary?: number): Buffer {
    this.#n += 1 + skip;
    this.#total += readings.length;
    const header = {
      v: 1,
      gateway: this.#gateway,
      epoch: this.#epoch,
      n: this.#n,
      count: readings.length,
      total: this.#total,
      clock: clockMs,
      ...(canary === undefined ? {} : { canary }),
    };
    return encodeFrame(
      header,
      readings.map(({ payload, traceparent, ...reading }) =>
        encodeReading({
          ...reading,
          version: 1,
          traceparent: traceparent ?? null,
          payload: JSON.stringify(payload),
        }),
      ),
    );
  }

  /**
   * Publishes the next frame and waits for the store; sends it again until it is stored.
   * @param again also stores the same frame a second time, as if JetStream had not de-duplicated.
   */
  async publish(
    connection: NatsConnection,
    readings: readonly TestReading[],
    clockMs: number,
    again = false,
  ): Promise<void> {
    const body = this.encode(readings, clockMs);
    const id = { gateway: this.#gateway, epoch: this.#epoch, n: this.#n };
    await this.#store(connection, body, frameMessageId(id, this.#lane.partition));
    if (again) await this.#store(connection, body, `again:${this.#n}:${this.#lane.partition}`);
  }

  async #store(connection: NatsConnection, body: Buffer, messageId: string): Promise<void> {
    const subject = telemetrySubject(this.#lane.region, this.#lane.partition);
    const publisher = publisherOn(connection);
    for (;;) {
      try {
        await publishOnce(publisher, { subject, data: body, messageId });
        return;
      } catch (error) {
        if (connection.isClosed()) throw error;
      }
    }
  }
}
