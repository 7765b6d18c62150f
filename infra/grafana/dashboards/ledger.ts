import { type Dashboard, REGION, ZERO_IS_GOOD, influx, prometheus } from "../model.ts";
import { areas, lines, now, perSecond, table } from "../panels.ts";
import { ofRegions, sumBy, sumOf } from "../promql.ts";

const total = (term: string): string => sumOf("skerry_ledger_readings", `term=~"${term}"`);

/** Every acknowledged reading, and its whereabouts; pure data. */
export const LEDGER: Dashboard = {
  name: "ledger",
  title: "Skerry: ledger",
  about:
    "Acknowledged = stored + repeats + refused + waiting + set aside + lost, for each region and contract. " +
    "What does not balance is open, and an alert after a minute.",
  variables: [REGION],
  rows: [
    {
      title: "Balance",
      panels: [
        now(
          "Open",
          "Readings that two sides count differently. Zero is right.",
          [prometheus(`sum(abs(${ofRegions("skerry_ledger_readings", 'term="open"')}))`, "open")],
          { steps: ZERO_IS_GOOD },
        ),
        now(
          "Lost",
          "Readings that are gone, each in a named place of a log.",
          [prometheus(total("lost"), "lost")],
          { steps: ZERO_IS_GOOD },
        ),
        now("Waiting", "Acknowledged, and on their way to the store.", [
          prometheus(total("waiting.*"), "waiting"),
        ]),
        now("Acknowledged", "Since the logs began.", [
          prometheus(total("acknowledged"), "acknowledged"),
        ]),
        now("Stored", "Acknowledged by the store.", [prometheus(total("stored"), "stored")]),
        now("Refused and kept", "Rejects, in the regions and at the hub.", [
          prometheus(total("refused"), "refused"),
        ]),
      ],
    },
    {
      title: "Terms",
      panels: [
        areas(
          "Waiting, by place",
          "In the region, at the hub, in the aggregators. It rises with an outage, and falls after it.",
          [
            prometheus(
              sumBy("region, term", "skerry_ledger_readings", 'term=~"waiting.*"'),
              "{{region}} {{term}}",
            ),
          ],
        ),
        perSecond("Acknowledged and stored, by contract", "Readings a second.", [
          prometheus(
            `sum by (contract) (deriv(${ofRegions("skerry_ledger_readings", 'term="acknowledged"')}[1m]))`,
            "{{contract}} acknowledged",
          ),
          prometheus(
            `sum by (contract) (deriv(${ofRegions("skerry_ledger_readings", 'term="stored"')}[1m]))`,
            "{{contract}} stored",
          ),
        ]),
        table("Every term", "By region and contract, now.", [
          prometheus(
            sumBy("region, contract, term", "skerry_ledger_readings"),
            "{{region}} {{contract}} {{term}}",
          ),
        ]),
        lines("Repeats, refused, set aside, lost, open", "What is not simply stored.", [
          prometheus(
            sumBy(
              "region, term",
              "skerry_ledger_readings",
              'term!~"acknowledged|stored|waiting.*"',
            ),
            "{{region}} {{term}}",
          ),
        ]),
      ],
    },
    {
      title: "Log against store, hour by hour",
      panels: [
        lines(
          "Readings in the log and not in the store",
          "The steward compares each whole hour. Zero is right.",
          [
            influx(
              'SELECT sum("missing") FROM "skerry_reconciliation" WHERE $timeFilter GROUP BY time(1h), "region" fill(none)',
              "$tag_region missing",
            ),
            influx(
              'SELECT sum("surplus") FROM "skerry_reconciliation" WHERE $timeFilter GROUP BY time(1h), "region" fill(none)',
              "$tag_region surplus",
            ),
          ],
        ),
        lines(
          "Rejects that are gone",
          "There was no room for them, and nobody had replayed them.",
          [prometheus(ofRegions("skerry_gateway_rejects_dropped"), "{{region}}")],
        ),
      ],
    },
  ],
};
