// Measurements, tags and fields in InfluxDB, from the module that spells them.
import { SKETCH_VALUES_MAX } from "../../cloud/aggregator/window.ts";
import { type Catalog, loadCatalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { namesToQuote } from "../../contracts/schema/quoted-names.ts";
import {
  CANARY,
  RECONCILIATION,
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_REVISION,
  ROLLUP_SKETCH,
  ROLLUP_STATISTICS,
  LONG_WINDOWS,
  ROLLUP_WINDOWS,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../contracts/names/measurements.ts";
import { QUANTILE_ACCURACY } from "../../cloud/aggregator/magnitudes.ts";
import { EXACT_VALUES_MAX } from "../../cloud/aggregator/quantiles.ts";
import { GENERATED, code, durationText, page, table } from "./markdown.ts";

const MEANING: Readonly<Record<(typeof ROLLUP_STATISTICS)[number], string>> = {
  min: "least value",
  max: "greatest value",
  mean: "arithmetic mean",
  sum: "sum, exact: the order of arrival does not matter",
  stddev: "sample standard deviation (n − 1)",
  first: "value of the earliest event time",
  last: "value of the latest event time",
};

const isNumeric = ({ type }: Contract["fields"][number]): boolean =>
  type === "number" || type === "integer";

/** Names of every measurement that a shipped contract has. */
export function measurementsOf(contract: string): string[] {
  return [
    rawMeasurement(contract),
    ...ROLLUP_WINDOWS.flatMap(({ name }) => [
      rollupMeasurement(contract, name, "final"),
      rollupMeasurement(contract, name, "open"),
    ]),
    ...LONG_WINDOWS.map(({ name }) => rollupMeasurement(contract, name, "final")),
  ];
}

export const MEASUREMENTS: readonly string[] = [
  ...loadCatalog(SCHEMAS_DIRECTORY).names.flatMap(measurementsOf),
  RECONCILIATION,
  CANARY,
];

const unitText = (unit: string | undefined): string => (unit === undefined ? "" : code(unit));

function contractSection(contract: Contract): string[] {
  const tags = [...new Set(["region", "device", seriesTag(contract), ...contract.tags])];
  const rollupTags = ["region", seriesTag(contract), ...contract.seriesTags];
  return [
    `### ${contract.name}`,
    `Measurements ${measurementsOf(contract.name).map(code).join(", ")}. ` +
      `Raw tags: ${tags.map(code).join(", ")}. Rollup tags: ${rollupTags.map(code).join(", ")}.`,
    table(
      ["field", "type", "unit (UCUM)", "in rollups"],
      contract.fields.map((field) => [
        code(field.name),
        field.type,
        unitText(field.unit),
        !isNumeric(field) ? "no" : field.quantiles ? "yes, with quantiles" : "yes",
      ]),
    ),
  ];
}

function namesSection(catalog: Catalog): string[] {
  const quoted = "measurement";
  const others = catalog.names.filter(
    (name) => namesToQuote(catalog.versions(name)[0]!).length > 0,
  );
  if (others.join() !== quoted) throw new Error(`names to quote: ${others.join()}, not ${quoted}`);
  return [
    "## Names in queries",
    "A name is quoted where InfluxQL would read it as something else: a keyword, or anything but letters, digits and `_`. Of the " +
      `contracts that ship only ${code(quoted)} is such a name: \`SELECT mean(value) FROM "${quoted}" GROUP BY device, quantity\`. Its rollups are not: ` +
      `\`SELECT value_mean FROM ${rollupMeasurement(quoted, "1m", "final")} GROUP BY *\`. ` +
      "`npx skerry contracts check` and `publish` [warn](contracts.md#names) of others.",
  ];
}

/** Measurements that are no contract's. */
const ourSections = (): string[] => [
  "## What the steward writes",
  `${code(RECONCILIATION)}: one point for each hour in which log and InfluxDB were compared. ` +
    "Tags `region`, `contract`; integer fields `readings` (in the log), `missing` (in the log, not in InfluxDB), " +
    "`surplus` (in InfluxDB, not in the log).",
  "## Canaries",
  `${code(CANARY)}: the last canary of each hour that came through. Tags \`region\`, \`partition\`, \`gateway\`; integer field ` +
    "`sent`, epoch milliseconds. The time of the point is the start of the hour.",
];

/** Measurements of a contract, and when each is written. */
const writtenTable = (any: string): string =>
  table(
    ["measurement", "one point is", "written"],
    [
      [
        code(rawMeasurement(any)),
        "one reading",
        "once it is in the log; a repeat overwrites itself",
      ],
      ...ROLLUP_WINDOWS.flatMap(({ name, sizeMs }) => [
        [
          code(rollupMeasurement(any, name, "final")),
          `one series in ${durationText(sizeMs)}, final`,
          "when the window ends, and again when late readings changed it",
        ],
        [
          code(rollupMeasurement(any, name, "open")),
          `one series in ${durationText(sizeMs)}, so far`,
          "about once a second while the window is open; it stays when the window ends",
        ],
      ]),
      ...LONG_WINDOWS.map(({ name, sizeMs }) => [
        code(rollupMeasurement(any, name, "final")),
        `one series in ${durationText(sizeMs)}, final; hours and days of UTC`,
        "within seconds after the window ends, from the finals of the window below, and again when late readings changed them",
      ]),
    ],
  );

export function influxPage(): string {
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  return page(
    GENERATED,
    "# Measurements in InfluxDB",
    "Names are spelt in [contracts/names/measurements.ts](../../contracts/names/measurements.ts). " +
      "The database (1.x) or bucket (2.x) is `skerry` unless `SKERRY_INFLUX_DATABASE` says another.",
    "## What a contract writes",
    writtenTable("{contract}"),
    'Finals of `1h` and `1d`, and of `1m` if that was asked for, are in retention policies of these names: `SELECT temperature_mean FROM "1h".climate_1h` ' +
      "([how long each is kept](../guides/operating.md#how-long-influxdb-keeps-what-it-has)). In a bucket of 2.x everything is in one place.",
    "The time of a rollup is the start of its window. The time of a reading is its event time in " +
      "milliseconds; the digits below a millisecond only keep readings of one millisecond apart.",
    "## Tags",
    table(
      ["measurement", "tags"],
      [
        [
          "readings",
          "`region`, `device`, every property with `x-role: tag`, and the `x-partition-key`",
        ],
        [
          "rollups",
          "`region`, the partition key (`device` by default) and the tags of the [series](contracts.md#series): " +
            "all tags of the contract, or those that `x-series` leaves",
        ],
      ],
    ),
    "A tag that a series does not have is not there: `WHERE quantity = ''` finds the rollups without it. A query that groups by " +
      "fewer tags than a series has mixes series: `GROUP BY *` keeps them apart.",
    ...namesSection(catalog),
    "## Text of tags",
    "Device ids, keys and tag values are stored as they are, with one exception. Line protocol cannot write a backslash " +
      "before a comma, an equals sign, a space or a further backslash, nor at the end: there it is stored as `%5C`. The id `plant\\a` is found as " +
      "`plant\\a`, the id `back\\` as `back%5C`. In InfluxQL a backslash in a quoted text is written twice: " +
      "`WHERE device = 'plant\\\\a'`. An empty tag value is no tag. What no such text may hold is in [the contract format](contracts.md#text).",
    "## Fields of a reading",
    "Every property with `x-role: field`, and the property with `x-role: sequence`, an integer. The JSON Schema " +
      "type decides the field's type: `number` is a float, `integer` an integer, `boolean` and `string` " +
      "themselves. The time is the point's time, and the version is not stored.",
    "## Fields of a rollup",
    table(
      ["field", "meaning"],
      [
        [code(ROLLUP_COUNT), "readings in the window, an integer"],
        ...ROLLUP_STATISTICS.map((name) => [code(`{field}_${name}`), MEANING[name]]),
        ...ROLLUP_QUANTILES.map(({ name, q }) => [
          code(`{field}_${name}`),
          `quantile ${q}, of fields with \`x-quantiles\``,
        ]),
        [
          code(`{field}_${ROLLUP_FIELD_COUNT}`),
          "values of the field, an integer, where some readings of the window lack it; not in 10 s",
        ],
        [
          code(`{field}_${ROLLUP_SKETCH}`),
          "of fields with `x-quantiles`: what quantiles of longer windows are merged from, as text; not in 10 s",
        ],
        [
          code(ROLLUP_REVISION),
          "0 when the window ends, one more each time that late readings changed the values; " +
            "finals only",
        ],
      ],
    ),
    "`{field}` is every `number` or `integer` property with `x-role: field`. A field without a value " +
      "in the window is left out. `count`, `min`, `max`, `first` and `last` are " +
      "exact; `sum`, `mean` and `stddev` are computed without rounding and then rounded. A statistic that is beyond the " +
      "range of a number is left out.",
    "### How exact quantiles are",
    `The quantile q is the value of rank ⌊q · (n − 1)⌋ of the field's n values in the window in rising order, ` +
      `counted from 0: always a value that was measured, never one between two. Up to ${EXACT_VALUES_MAX} values it is exact; with ` +
      "one reading a second that is every window. Of more values it is an estimate (DDSketch): off by at most " +
      `${QUANTILE_ACCURACY * 100} % of the value, for negative values too, and never outside of \`min\` and \`max\`. Near zero the ` +
      "bound is an absolute one: a value smaller than 1.7 · 10⁻¹⁸ of the greatest of its sign in the window counts as 0. So " +
      "quantiles of many readings that vary by less than 1 % of their value say little; `stddev`, `min` and `max` do.",
    "All statistics depend on the values only, not on the order in which readings come, nor on how a minute is " +
      "merged from its tens of seconds: a late reading gives the rollup that it would have given in time.",
    "### Hours and days",
    "Hours and days are those of UTC. An hour is merged from the finals of its minutes, a day from those of its hours, once they are over: there are no open ones. `count`, " +
      "`min`, `max`, `first` and `last` are exact. `sum`, `mean` and `stddev` are those of sums that were rounded once in each part, so the last of sixteen digits may " +
      `differ. Quantiles are what they would be from the values: exact up to ${EXACT_VALUES_MAX} values, unless one of the minutes has more than ${SKETCH_VALUES_MAX} of them, ` +
      `else within ${QUANTILE_ACCURACY * 100} %; they lack where minutes were written before there were sketches. Late readings change an hour, and a day that is over, after their minute. ` +
      "A rollup is never replaced by one with fewer readings.",
    ...ourSections(),
    "## The contracts that ship",
    ...catalog.names.flatMap((name) => contractSection(catalog.versions(name)[0]!)),
  );
}
