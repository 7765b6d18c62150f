import { type Dashboard, ZERO_IS_CALM, ZERO_IS_GOOD, internal, prometheus } from "../model.ts";
import { areas, lines, now, perSecond } from "../panels.ts";
import { rateOfAll } from "../promql.ts";

/** A counter of InfluxDB as a rate; it starts at 0 with the server. */
const rate = (field: string, of: string, where = ""): string =>
  `SELECT non_negative_derivative(max("${field}"), 1s) FROM "${of}" WHERE ${where}$timeFilter GROUP BY time($__interval) fill(none)`;
const last = (field: string, of: string): string =>
  `SELECT last("${field}") FROM "${of}" WHERE $timeFilter GROUP BY time($__interval) fill(none)`;

/** InfluxDB, as it sees itself in its database `_internal`; pure data. */
export const INFLUXDB: Dashboard = {
  name: "influxdb",
  title: "Skerry: InfluxDB",
  about:
    "InfluxDB 1.x as it sees itself, in its database _internal, and how the aggregators see it.",
  variables: [],
  rows: [
    {
      title: "As the aggregators see it",
      panels: [
        now(
          "Takes what is written",
          "1: it is away or refuses. The logs keep everything meanwhile.",
          [prometheus("max(skerry_aggregator_sink_refusing)", "refuses")],
          {
            width: 6,
            words: { "0": "yes", "1": "no" },
            steps: ZERO_IS_GOOD,
          },
        ),
        now(
          "Records refused by themselves",
          "InfluxDB cannot hold them; they are rejects of the hub.",
          [prometheus("sum(skerry_aggregator_sink_lines_refused_total)", "records")],
          {
            width: 6,
            steps: ZERO_IS_CALM,
          },
        ),
        perSecond("Readings stored", "A second.", [
          prometheus(rateOfAll("skerry_aggregator_readings_total"), "stored"),
        ]),
      ],
    },
    {
      title: "Writes",
      panels: [
        perSecond(
          "Points written",
          "A second: readings, rollups, and what InfluxDB writes about itself.",
          [
            internal(rate("pointsWrittenOK", "httpd"), "over HTTP"),
            internal(rate("pointsWrittenFail", "httpd"), "failed"),
            internal(rate("pointsWrittenDropped", "httpd"), "dropped"),
          ],
        ),
        perSecond(
          "Requests",
          "A second; client errors are requests that it could not read or records that it refuses.",
          [
            internal(rate("writeReq", "httpd"), "writes"),
            internal(rate("queryReq", "httpd"), "queries"),
            internal(rate("clientError", "httpd"), "client errors"),
            internal(rate("serverError", "httpd"), "server errors"),
          ],
        ),
        lines(
          "Time in writes",
          "Of a request, on average. It holds up the aggregators, one write at a time for each lane.",
          [
            internal(
              'SELECT non_negative_difference(max("writeReqDurationNs")) / non_negative_difference(max("writeReq")) ' +
                'FROM "httpd" WHERE $timeFilter GROUP BY time($__interval) fill(none)',
              "a write",
            ),
          ],
          { unit: "ns" },
        ),
        lines(
          "Write-ahead log",
          "Bytes that were written and are in no TSM file yet.",
          [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("currentSegmentDiskBytes") + last("oldSegmentsDiskBytes") AS "bytes" ' +
                'FROM "tsm1_wal" WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
          { unit: "bytes" },
        ),
      ],
    },
    {
      title: "What it holds",
      panels: [
        lines(
          "Series",
          "Of each database. A tag whose values never repeat makes it grow without end.",
          [
            internal(
              'SELECT last("numSeries") FROM "database" WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        ),
        areas(
          "Disk",
          "Of each database, in shards.",
          [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("diskBytes") AS "bytes" FROM "shard" ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
          { unit: "bytes" },
        ),
        lines(
          "Cache",
          "Points in memory until they are written as TSM files.",
          [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("memBytes") AS "bytes" FROM "tsm1_cache" ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
          { unit: "bytes" },
        ),
        lines("Compactions at work", "They take disk and memory for a while.", [
          internal(
            'SELECT max("tsmFullCompactionsActive") + max("tsmLevel1CompactionsActive") + max("tsmLevel2CompactionsActive") + max("tsmLevel3CompactionsActive") ' +
              'FROM "tsm1_engine" WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
            "$tag_database",
          ),
        ]),
      ],
    },
    {
      title: "Queries and memory",
      panels: [
        lines("Queries at work", "Repairs and comparisons of ours, and those of people.", [
          internal(last("queriesActive", "queryExecutor"), "active"),
        ]),
        lines(
          "Memory",
          "Heap in use, and what it has from the system.",
          [
            internal(last("HeapInUse", "runtime"), "heap"),
            internal(last("Sys", "runtime"), "from the system"),
          ],
          { unit: "bytes" },
        ),
        lines("Goroutines", "One that only rises is a leak.", [
          internal(last("NumGoroutine", "runtime"), "goroutines"),
        ]),
      ],
    },
  ],
};
