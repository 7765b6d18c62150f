// What the benchmark and its load process tell each other.
import type { Percentiles } from "../ingest/measure.ts";

export interface RelaySpec {
  readonly port: number;
  /** Publishers, each with a subscriber of its own on a topic of its own, QoS 1 both ways. */
  readonly pairs: number;
  /** Subscribers keep their sessions: what is on its way to them is kept by the broker until they acknowledge. */
  readonly isDurable: boolean;
  /** Publishes a second in all; null: as many as are delivered, `window` on their way in each pair. */
  readonly ratePerSecond: number | null;
  readonly window: number;
  /** One more subscribes to everything and reads nothing. */
  readonly hasSlow: boolean;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface RelayFigures {
  /** Delivered to subscribers in the measured seconds. */
  readonly perSecond: number;
  readonly published: number;
  readonly delivered: number;
  /** Deliveries that were missing before one, or came twice. */
  readonly outOfOrder: number;
  /** From the publish, or the time when it was due, to the subscriber. */
  readonly deliveryMs: Percentiles;
}
