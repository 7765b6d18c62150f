/**
 * What Go's collector is told in an influxd that shares its cores with us: it starts when the heap has grown to five
 * times what is live instead of twice, because while it marks it takes every core that is free for 20 to 50 ms, and
 * readings wait. Near the limit it starts earlier, so that memory stays bounded however much is live.
 */
export const INFLUX_COLLECTOR: Readonly<Record<string, string>> = {
  GOGC: "400",
  GOMEMLIMIT: "2GiB",
};
