import { type Dashboard, REGION, ZERO_IS_GOOD, influx, prometheus } from "../model.ts";

const total = (term: string): string =>
  `sum(skerry_ledger_readings{region=~"$region", term=~"${term}"})`;

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
        {
          title: "Open",
          about: "Readings that two sides count differently. Zero is right.",
          kind: "now",
          queries: [
            prometheus('sum(abs(skerry_ledger_readings{region=~"$region", term="open"}))', "open"),
          ],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Lost",
          about: "Readings that are gone, each in a named place of a log.",
          kind: "now",
          queries: [prometheus(total("lost"), "lost")],
          steps: ZERO_IS_GOOD,
        },
        {
          title: "Waiting",
          about: "Acknowledged, and on their way to the store.",
          kind: "now",
          queries: [prometheus(total("waiting.*"), "waiting")],
        },
        {
          title: "Acknowledged",
          about: "Since the logs began.",
          kind: "now",
          queries: [prometheus(total("acknowledged"), "acknowledged")],
        },
        {
          title: "Stored",
          about: "Acknowledged by the store.",
          kind: "now",
          queries: [prometheus(total("stored"), "stored")],
        },
        {
          title: "Refused and kept",
          about: "Rejects, in the regions and at the hub.",
          kind: "now",
          queries: [prometheus(total("refused"), "refused")],
        },
      ],
    },
    {
      title: "Terms",
      panels: [
        {
          title: "Waiting, by place",
          about:
            "In the region, at the hub, in the aggregators. It rises with an outage, and falls after it.",
          kind: "areas",
          queries: [
            prometheus(
              'sum by (region, term) (skerry_ledger_readings{region=~"$region", term=~"waiting.*"})',
              "{{region}} {{term}}",
            ),
          ],
        },
        {
          title: "Acknowledged and stored, by contract",
          about: "Readings a second.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus(
              'sum by (contract) (deriv(skerry_ledger_readings{region=~"$region", term="acknowledged"}[1m]))',
              "{{contract}} acknowledged",
            ),
            prometheus(
              'sum by (contract) (deriv(skerry_ledger_readings{region=~"$region", term="stored"}[1m]))',
              "{{contract}} stored",
            ),
          ],
        },
        {
          title: "Every term",
          about: "By region and contract, now.",
          kind: "table",
          queries: [
            prometheus(
              'sum by (region, contract, term) (skerry_ledger_readings{region=~"$region"})',
              "{{region}} {{contract}} {{term}}",
            ),
          ],
        },
        {
          title: "Repeats, refused, set aside, lost, open",
          about: "What is not simply stored.",
          kind: "lines",
          queries: [
            prometheus(
              'sum by (region, term) (skerry_ledger_readings{region=~"$region", term!~"acknowledged|stored|waiting.*"})',
              "{{region}} {{term}}",
            ),
          ],
        },
      ],
    },
    {
      title: "Log against store, hour by hour",
      panels: [
        {
          title: "Readings in the log and not in the store",
          about: "The steward compares each whole hour. Zero is right.",
          kind: "lines",
          queries: [
            influx(
              'SELECT sum("missing") FROM "skerry_reconciliation" WHERE $timeFilter GROUP BY time(1h), "region" fill(none)',
              "$tag_region missing",
            ),
            influx(
              'SELECT sum("surplus") FROM "skerry_reconciliation" WHERE $timeFilter GROUP BY time(1h), "region" fill(none)',
              "$tag_region surplus",
            ),
          ],
        },
        {
          title: "Rejects that are gone",
          about: "There was no room for them, and nobody had replayed them.",
          kind: "lines",
          queries: [prometheus('skerry_gateway_rejects_dropped{region=~"$region"}', "{{region}}")],
        },
      ],
    },
  ],
};
