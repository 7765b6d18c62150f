import { type Dashboard, internal, prometheus } from "../model.ts";

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
        {
          title: "Takes what is written",
          about: "1: it is away or refuses. The logs keep everything meanwhile.",
          kind: "now",
          width: 6,
          words: { "0": "yes", "1": "no" },
          queries: [prometheus("max(skerry_aggregator_sink_refusing)", "refuses")],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "red" },
          ],
        },
        {
          title: "Records refused by themselves",
          about: "InfluxDB cannot hold them; they are rejects of the hub.",
          kind: "now",
          width: 6,
          queries: [prometheus("sum(skerry_aggregator_sink_lines_refused_total)", "records")],
          steps: [
            { from: null, color: "green" },
            { from: 1, color: "yellow" },
          ],
        },
        {
          title: "Readings stored",
          about: "A second.",
          kind: "lines",
          unit: "cps",
          queries: [
            prometheus("sum(rate(skerry_aggregator_readings_total[$__rate_interval]))", "stored"),
          ],
        },
      ],
    },
    {
      title: "Writes",
      panels: [
        {
          title: "Points written",
          about: "A second: readings, rollups, and what InfluxDB writes about itself.",
          kind: "lines",
          unit: "cps",
          queries: [
            internal(rate("pointsWrittenOK", "httpd"), "over HTTP"),
            internal(rate("pointsWrittenFail", "httpd"), "failed"),
            internal(rate("pointsWrittenDropped", "httpd"), "dropped"),
          ],
        },
        {
          title: "Requests",
          about:
            "A second; client errors are requests that it could not read or records that it refuses.",
          kind: "lines",
          unit: "cps",
          queries: [
            internal(rate("writeReq", "httpd"), "writes"),
            internal(rate("queryReq", "httpd"), "queries"),
            internal(rate("clientError", "httpd"), "client errors"),
            internal(rate("serverError", "httpd"), "server errors"),
          ],
        },
        {
          title: "Time in writes",
          about:
            "Of a request, on average. It holds up the aggregators, one write at a time for each lane.",
          kind: "lines",
          unit: "ns",
          queries: [
            internal(
              'SELECT non_negative_difference(max("writeReqDurationNs")) / non_negative_difference(max("writeReq")) ' +
                'FROM "httpd" WHERE $timeFilter GROUP BY time($__interval) fill(none)',
              "a write",
            ),
          ],
        },
        {
          title: "Write-ahead log",
          about: "Bytes that were written and are in no TSM file yet.",
          kind: "lines",
          unit: "bytes",
          queries: [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("currentSegmentDiskBytes") + last("oldSegmentsDiskBytes") AS "bytes" ' +
                'FROM "tsm1_wal" WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        },
      ],
    },
    {
      title: "What it holds",
      panels: [
        {
          title: "Series",
          about: "Of each database. A tag whose values never repeat makes it grow without end.",
          kind: "lines",
          queries: [
            internal(
              'SELECT last("numSeries") FROM "database" WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        },
        {
          title: "Disk",
          about: "Of each database, in shards.",
          kind: "areas",
          unit: "bytes",
          queries: [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("diskBytes") AS "bytes" FROM "shard" ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        },
        {
          title: "Cache",
          about: "Points in memory until they are written as TSM files.",
          kind: "lines",
          unit: "bytes",
          queries: [
            internal(
              'SELECT sum("bytes") FROM (SELECT last("memBytes") AS "bytes" FROM "tsm1_cache" ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) ' +
                'WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        },
        {
          title: "Compactions at work",
          about: "They take disk and memory for a while.",
          kind: "lines",
          queries: [
            internal(
              'SELECT max("tsmFullCompactionsActive") + max("tsmLevel1CompactionsActive") + max("tsmLevel2CompactionsActive") + max("tsmLevel3CompactionsActive") ' +
                'FROM "tsm1_engine" WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
              "$tag_database",
            ),
          ],
        },
      ],
    },
    {
      title: "Queries and memory",
      panels: [
        {
          title: "Queries at work",
          about: "Repairs and comparisons of ours, and those of people.",
          kind: "lines",
          queries: [internal(last("queriesActive", "queryExecutor"), "active")],
        },
        {
          title: "Memory",
          about: "Heap in use, and what it has from the system.",
          kind: "lines",
          unit: "bytes",
          queries: [
            internal(last("HeapInUse", "runtime"), "heap"),
            internal(last("Sys", "runtime"), "from the system"),
          ],
        },
        {
          title: "Goroutines",
          about: "One that only rises is a leak.",
          kind: "lines",
          queries: [internal(last("NumGoroutine", "runtime"), "goroutines")],
        },
      ],
    },
  ],
};
