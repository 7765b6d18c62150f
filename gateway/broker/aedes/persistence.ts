// The persistence that aedes asks for, answered from our sessions. Messages, subscriptions and
// QoS 2 state never pass through aedes here, so only what CONNECT and wills use does anything.
import { Readable } from "node:stream";

/** Things kept of clients between their connections. */
export interface Memory {
  /** There is a session for it to resume. */
  hasSession(clientId: string): boolean;
  deleteWill(clientId: string): void;
}

const nothing = (): Promise<void> => Promise.resolve();

/**
 * aedes says "session present" only for a session with subscriptions. One that holds QoS 2 state
 * alone must be announced as well, or its client reuses identifiers that we still know
 * [MQTT-3.2.2-2]; so it is shown this filter, which nobody may subscribe to.
 */
export const SESSION_MARK = "$skerry/session";

/** @param untold clients that are connecting and hear of no session: see door.ts/D3. */
export const makeAedesPersistence = (memory: Memory, untold: ReadonlySet<string>): object => ({
  // aedes insists on a function that is literally async.
  // eslint-disable-next-line @typescript-eslint/require-await
  setup: async () => undefined,
  subscriptionsByClient: ({ id }: { id: string }) =>
    Promise.resolve(
      memory.hasSession(id) && !untold.has(id) ? [{ topic: SESSION_MARK, qos: 0 }] : [],
    ),
  // Clean Start is honoured when the session is opened (session/sessions.ts).
  cleanSubscriptions: nothing,
  addSubscriptions: nothing,
  removeSubscriptions: nothing,
  subscriptionsByTopic: () => Promise.resolve([]),
  storeRetained: nothing,
  createRetainedStreamCombi: () => Readable.from([]),
  createRetainedStream: () => Readable.from([]),
  outgoingEnqueue: nothing,
  outgoingEnqueueCombi: nothing,
  outgoingUpdate: nothing,
  outgoingClearMessageId: nothing,
  outgoingStream: () => Readable.from([]),
  // Kept with its owner once the client is registered (connection/connection.ts).
  putWill: nothing,
  delWill: ({ id }: { id: string }) => {
    memory.deleteWill(id);
    return Promise.resolve();
  },
  streamWill: () => Readable.from([]),
  destroy: nothing,
});
