// The standing ledger: what became of every acknowledged reading, and saying that what is open was seen.
import type { Ledger } from "../../../contracts/messages/ledger.ts";
import { acknowledgeOpen, openIn } from "../../operations/ledger/acknowledge.ts";
import type { Hub } from "../hub.ts";
import type { Overview } from "../overview/overview.ts";
import { LANE, LEDGER, NAMED, OPEN, ROW } from "./ledger-schema.ts";
import { factsOf } from "./overview.ts";
import { Problem, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { integer, list, object, query, text, timeMs } from "./schema.ts";

const inRegion = <T extends { region: string }>(
  all: readonly T[],
  region: string | undefined,
): readonly T[] => (region === undefined ? all : all.filter((one) => one.region === region));

/** @param latest the newest facts; null before the first. */
export function ledgerRoutes(hub: Hub, latest: () => Overview | null): Route[] {
  const ledger = (): Ledger => {
    const found = factsOf(latest).ledger;
    if (found) return found;
    throw new Problem(503, "No ledger yet", { detail: "No steward is heard that keeps it." });
  };
  return [...lookingRoutes(ledger), acknowledgementRoute(hub, ledger)];
}

const lookingRoutes = (ledger: () => Ledger): Route[] => [
  route<unknown, { region?: string }>({
    method: "GET",
    path: "/ledger",
    summary: "The standing ledger: what became of every acknowledged reading",
    role: "viewer",
    query: query({ region: text() }),
    answer: LEDGER,
    handle: async ({ query: { region } }) => {
      const { rows, lanes, open, named, ...rest } = ledger();
      return Promise.resolve({
        ...rest,
        rows: inRegion(rows, region),
        lanes: inRegion(lanes, region),
        open: inRegion(open, region),
        named: inRegion(named, region),
      });
    },
  }),
  route<{ region: string; contract: string }>({
    method: "GET",
    path: "/ledger/:region/:contract",
    summary: "The balance of one contract in a region, and the lanes of the region",
    role: "viewer",
    params: object({ region: text(), contract: text() }),
    answer: object({ row: ROW, lanes: list(LANE), open: list(OPEN), named: list(NAMED) }),
    handle: async ({ params: { region, contract } }) => {
      const { rows, lanes, open, named } = ledger();
      const row = rows.find((one) => one.region === region && one.contract === contract);
      if (!row) throw notFound(`The ledger has nothing of ${contract} in ${region}.`);
      return Promise.resolve({
        row,
        lanes: inRegion(lanes, region),
        open: inRegion(open, region),
        named: inRegion(named, region),
      });
    },
  }),
];

const acknowledgementRoute = (hub: Hub, ledger: () => Ledger): Route =>
  route<{ region: string; partition: number }, unknown, { why: string }>({
    method: "POST",
    path: "/ledger/:region/lanes/:partition/acknowledgement",
    summary:
      "Say that you have looked at what is open in a lane, and why it is so; it is named from then on, and open no longer",
    role: "operator",
    params: object({ region: text(), partition: integer() }),
    body: object({ why: text("for whoever reads the ledger later") }),
    answer: object({
      region: text(),
      partition: integer(),
      readings: integer(),
      by: text(),
      atMs: timeMs("when"),
      why: text(),
    }),
    handle: async ({ params, body, who }) => {
      const open = openIn(ledger(), params);
      const { by, atMs, why } = await acknowledgeOpen(hub.connection, open, {
        by: who.name,
        why: body.why,
      });
      const { region, partition, readings } = open;
      return { region, partition, readings, by, atMs, why };
    },
  });
