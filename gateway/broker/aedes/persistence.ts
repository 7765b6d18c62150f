// What aedes asks of a persistence, answered from our sessions. Messages, subscriptions and QoS 2
// state never pass through aedes here, so of its interface only what CONNECT and wills use is left.
import { Readable } from "node:stream";
import type { Will } from "./seam.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SessionStore } from "../session/session-store.ts";

const nothing = (): Promise<void> => Promise.resolve();

/**
 * aedes says "session present" only for a session with subscriptions. One that holds QoS 2 state
 * alone must be announced as well, or its client reuses identifiers that we still know
 * [MQTT-3.2.2-2]; so it is shown this filter, which nobody may subscribe to.
 */
export const SESSION_MARK = "$skerry/session";

export const makeAedesPersistence = (sessions: Sessions, store: SessionStore): object => ({
  // aedes insists on a function that is literally async.
  // eslint-disable-next-line @typescript-eslint/require-await
  setup: async () => undefined,
  subscriptionsByClient: ({ id }: { id: string }) =>
    Promise.resolve(sessions.get(id)?.persistent ? [{ topic: SESSION_MARK, qos: 0 }] : []),
  // Clean Start is honoured when the client is registered (Sessions.open).
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
  putWill: ({ id }: { id: string }, will: Will) => {
    store.putWill(id, will);
    return Promise.resolve();
  },
  delWill: ({ id }: { id: string }) => {
    store.deleteWill(id);
    return Promise.resolve();
  },
  streamWill: () => Readable.from([]),
  destroy: nothing,
});
