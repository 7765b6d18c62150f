// The gateway's own voice: it publishes like a client, without an admission.
import type { RetainedTopics } from "../broker.ts";
import type { Limits } from "../options.ts";
import { isTopicName } from "../protocol/topic-rules.ts";
import type { SessionStore } from "../session/session-store.ts";
import type { Forwarder } from "./forward.ts";
import type { Retained } from "./retained.ts";

export interface GatewayTopicsParts {
  readonly forwarder: Forwarder;
  readonly retained: Retained;
  readonly store: SessionStore;
  readonly limits: Pick<Limits, "topicLevelsMax">;
}

export function makeGatewayTopics(parts: GatewayTopicsParts): RetainedTopics {
  const { forwarder, retained, store, limits } = parts;
  return {
    publish: (topic, payload, { retain, expirySeconds }) => {
      if (!isTopicName(topic, limits.topicLevelsMax))
        return Promise.reject(new RangeError("the topic is none to publish to"));
      const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
      const properties =
        expirySeconds === undefined ? undefined : { messageExpiryInterval: expirySeconds };
      forwarder.forward({ topic, payload: bytes, qos: 1, retain, properties }, undefined);
      store.commit();
      return Promise.resolve();
    },
    unretain: (topic) => {
      retained.forget(topic);
      store.commit();
    },
    retained: (filter) => retained.byGateway(filter),
  };
}
