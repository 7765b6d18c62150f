import { type Dashboard, influx } from "../model.ts";
import { lines, table } from "../panels.ts";

const OF_DEVICE = '"device" =~ /^${device:regex}$/ AND $timeFilter';

/** Everything that one device measured; pure data. */
export const DEVICE: Dashboard = {
  name: "device",
  title: "Skerry: device",
  about: "Readings of one device or several, their rollups, and when they were connected.",
  variables: [
    {
      name: "contract",
      label: "Contract",
      source: "influxdb",
      query: "SHOW MEASUREMENTS WITH MEASUREMENT =~ /_10s$/",
      regex: "/^(.*)_10s$/",
    },
    {
      name: "device",
      label: "Device",
      source: "influxdb",
      query: 'SHOW TAG VALUES FROM "${contract}" WITH KEY = "device"',
    },
    {
      name: "field",
      label: "Field",
      source: "influxdb",
      query: 'SHOW FIELD KEYS FROM "${contract}_10s"',
      regex: "/^(.*)_mean$/",
      many: true,
    },
  ],
  rows: [
    {
      title: "Readings",
      panels: [
        lines(
          "$field",
          "Readings as they were measured, averaged where there are more than pixels.",
          [
            influx(
              `SELECT mean("\${field}") FROM "\${contract}" WHERE ${OF_DEVICE} GROUP BY time($__interval), * fill(none)`,
              "$tag_device $tag_channel $tag_quantity",
            ),
          ],
          { width: 24, repeat: "field" },
        ),
      ],
    },
    {
      title: "Rollups",
      panels: [
        lines(
          "$field: least, mean, greatest in 10 s",
          "Final rollups; late readings change them afterwards.",
          ["min", "mean", "max"].map((statistic) =>
            influx(
              `SELECT ${statistic}("\${field}_${statistic}") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time($__interval), "device" fill(none)`,
              `$tag_device ${statistic}`,
            ),
          ),
          { repeat: "field", width: 24 },
        ),
        lines(
          "$field: least, mean, greatest in 1 h",
          "Hours of UTC, merged when they are over: for spans of weeks and years. Days are in {contract}_1d.",
          ["min", "mean", "max"].map((statistic) =>
            influx(
              `SELECT ${statistic}("\${field}_${statistic}") FROM "1h"."\${contract}_1h" WHERE ${OF_DEVICE} GROUP BY time($__interval), "device" fill(none)`,
              `$tag_device ${statistic}`,
            ),
          ),
          { repeat: "field", width: 24 },
        ),
        lines(
          "Readings in 10 s",
          "A gap: the device did not measure, or its readings have not come yet.",
          [
            influx(
              `SELECT sum("count") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time(10s), "device" fill(0)`,
              "$tag_device",
            ),
          ],
        ),
        lines(
          "Rollups that late readings changed",
          "Times that final rollups were written again.",
          [
            influx(
              `SELECT sum("revision") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time($__interval), "device" fill(none)`,
              "$tag_device",
            ),
          ],
        ),
      ],
    },
    {
      title: "Presence",
      panels: [
        table(
          "Connected and gone",
          "What the gateway saw of the device's connection, newest first.",
          [
            influx(
              'SELECT "state", "reason", "gateway", "device" FROM "presence" WHERE $timeFilter ORDER BY time DESC LIMIT 200',
              "",
            ),
          ],
        ),
      ],
    },
  ],
};
