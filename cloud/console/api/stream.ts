// The stream of events that a page listens to.
import type { Guard } from "../access/guard.ts";
import { type Feed, FEED_EVENTS } from "../feed/feed.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { query, text } from "./schema.ts";

/** Devices whose values one page may follow. */
const DEVICES_MAX = 200;

export const streamRoutes = (feed: Feed, guard: Guard): Route[] => [
  route<unknown, { devices?: string }>({
    method: "GET",
    path: "/stream",
    summary: `Server-sent events: ${FEED_EVENTS.join(", ")}`,
    role: "viewer",
    query: query({
      devices: text(
        `ids of devices whose values are wanted, separated by commas, up to ${DEVICES_MAX}`,
      ),
    }),
    answer: null,
    alsoAnswers: "text/event-stream",
    status: 200,
    handle: async ({ query: { devices = "" }, who: { role }, raw, reply }) => {
      if (!feed.hasRoomFor(role)) throw new Problem(503, "Too many pages are open");
      const wanted = devices.split(",").filter((device) => device !== "");
      if (wanted.length > DEVICES_MAX)
        throw new Problem(400, "Too many devices", { detail: `${DEVICES_MAX} at most.` });
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      const isAdmitted = (): boolean => guard.who(raw) !== null;
      feed.open(reply.raw, { devices: new Set(wanted), role, isAdmitted });
      return Promise.resolve();
    },
  }),
];
