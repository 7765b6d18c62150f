import { natsOptions } from "../platform/nats/client/options.ts";
import { PARTITIONS_DEFAULT } from "../platform/nats/topology/topology.ts";
import { type OptionTable, as } from "../platform/runtime/config.ts";

/** The regions that there are, and their lanes: every process at the hub has to be told the same. */
export const LANE_OPTIONS = {
  ...natsOptions("the hub's"),
  regions: {
    env: "SKERRY_REGIONS",
    doc: "regions whose lanes are read, separated by commas",
    parse: (raw) => {
      const regions = as.list(raw).map(as.token);
      if (regions.length === 0) throw new Error("must name at least one region");
      return [...new Set(regions)];
    },
  },
  partitions: {
    env: "SKERRY_PARTITIONS",
    doc: "lanes per region where the copy of its log does not say, because an earlier release made it",
    fallback: String(PARTITIONS_DEFAULT),
    parse: as.integer(1, 1024),
  },
} satisfies OptionTable;
