import { type Dashboard, influx } from "../model.ts";

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
        {
          title: "$field",
          about: "Readings as they were measured, averaged where there are more than pixels.",
          kind: "lines",
          width: 24,
          repeat: "field",
          queries: [
            influx(
              `SELECT mean("\${field}") FROM "\${contract}" WHERE ${OF_DEVICE} GROUP BY time($__interval), * fill(none)`,
              "$tag_device $tag_channel $tag_quantity",
            ),
          ],
        },
      ],
    },
    {
      title: "Rollups",
      panels: [
        {
          title: "$field: least, mean, greatest in 10 s",
          about: "Final rollups; late readings change them afterwards.",
          kind: "lines",
          repeat: "field",
          width: 24,
          queries: ["min", "mean", "max"].map((statistic) =>
            influx(
              `SELECT ${statistic}("\${field}_${statistic}") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time($__interval), "device" fill(none)`,
              `$tag_device ${statistic}`,
            ),
          ),
        },
        {
          title: "Readings in 10 s",
          about: "A gap: the device did not measure, or its readings have not come yet.",
          kind: "lines",
          queries: [
            influx(
              `SELECT sum("count") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time(10s), "device" fill(0)`,
              "$tag_device",
            ),
          ],
        },
        {
          title: "Rollups that late readings changed",
          about: "Times that final rollups were written again.",
          kind: "lines",
          queries: [
            influx(
              `SELECT sum("revision") FROM "\${contract}_10s" WHERE ${OF_DEVICE} GROUP BY time($__interval), "device" fill(none)`,
              "$tag_device",
            ),
          ],
        },
      ],
    },
    {
      title: "Presence",
      panels: [
        {
          title: "Connected and gone",
          about: "What the gateway saw of the device's connection, newest first.",
          kind: "table",
          queries: [
            influx(
              'SELECT "state", "reason", "gateway", "device" FROM "presence" WHERE $timeFilter ORDER BY time DESC LIMIT 200',
              "",
            ),
          ],
        },
      ],
    },
  ],
};
