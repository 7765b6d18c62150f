// Topics that were published to.
import type { TopicWatch } from "../live/topic-watch.ts";
import { type Route, route } from "./route.ts";
import { flag, integer, limit, list, object, orNull, query, text, timeMs } from "./schema.ts";

const TOPIC = object({
  topic: text(),
  region: text(),
  gateway: text(),
  count: integer("messages since the topic was first seen, as far as the gateway remembers"),
  lastMs: timeMs("when the last message came"),
  payload: text("the beginning of the last payload: UTF-8, or hex: and digits"),
  retained: flag(),
  device: orNull(text()),
  mapping: orNull(text("the mapping entry that took it")),
  refused: orNull(text("the reason for which it was refused")),
  passed: orNull(
    text(
      "why no reading was made of it: relayed (to other clients, and stored nowhere) or ignored",
    ),
  ),
});

export const topicRoutes = (topics: TopicWatch): Route[] => [
  route<unknown, { prefix: string; region?: string; device?: string; limit: number }>({
    method: "GET",
    path: "/topics",
    summary: "Topics that were published to since the console started, in their order",
    role: "viewer",
    query: query({
      prefix: text("only topics that begin so", { default: "" }),
      region: text(),
      device: text("only topics whose last message was this device's"),
      limit: limit(500, 5_000),
    }),
    answer: object({ topics: list(TOPIC), more: integer("topics beyond the limit") }),
    handle: async ({ query }) => Promise.resolve(topics.find(query)),
  }),
];
