// The terms of deliveries to one subscriber (outbound.ts), as others need them.
import type { Limits } from "../options.ts";
import type { PublishWriterParts } from "./publish-writer.ts";
import type { Backlog, SessionStore, StoredMessage } from "./session-store.ts";

export interface OutboundParts extends PublishWriterParts {
  readonly store: SessionStore;
  readonly limits: Pick<
    Limits,
    | "deliveriesInFlightMax"
    | "outboundBytesMax"
    | "queuedMessagesMax"
    | "queuedBytesMax"
    | "queuedBytesOfAllMax"
  > &
    PublishWriterParts["limits"];
  /** Messages that wait in all sessions together (outbound.ts/O5). */
  readonly queued: Backlog;
}

/** A message from elsewhere, of which this is the only delivery (outbound.ts/O7). */
export interface Fed {
  readonly message: StoredMessage;
  readonly qos: 0 | 1;
  readonly settle: () => void;
}
