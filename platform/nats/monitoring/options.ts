import { type OptionTable, as } from "../../runtime/config.ts";
import { parseDisks } from "./volumes.ts";

/** Options of processes of which there is one beside each nats-server. */
export const MONITORING_OPTIONS = {
  natsMonitorUrl: {
    env: "SKERRY_NATS_MONITOR_URL",
    doc: "monitoring address of its nats-server, http://127.0.0.1:8222: its figures become metrics of this process",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
  disks: {
    env: "SKERRY_DISKS",
    doc: "disks of this machine that are watched, as name=directory,…: how much they hold, how fast that grows, when they are full",
    fallback: "",
    parse: parseDisks,
  },
} satisfies OptionTable;
