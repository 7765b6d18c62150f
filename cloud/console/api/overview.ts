// The facts of the home page.
import type { OverviewWatch } from "../overview/overview.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { integer, list, object, orNull, text, timeMs } from "./schema.ts";

const OVERVIEW = object({
  atMs: timeMs("when the facts were gathered"),
  regions: list(
    object({
      region: text(),
      hubCopy: orNull(
        object({
          firstSeq: integer("first frame of the hub's copy of the log"),
          lastSeq: integer("its last frame"),
          bytes: integer(),
          lag: orNull(integer("frames that it lacks, as far as it knows")),
          heardMs: orNull({ type: "number", description: "time since the region was heard, ms" }),
        }),
      ),
    }),
  ),
});

export const overviewRoutes = (watch: OverviewWatch): Route[] => [
  route({
    method: "GET",
    path: "/overview",
    summary: "The state of everything, as the home page shows it",
    role: "viewer",
    answer: OVERVIEW,
    handle: async () => {
      if (watch.latest === null)
        throw new Problem(503, "No facts yet", { detail: "The console has just started." });
      return Promise.resolve(watch.latest);
    },
  }),
];
