// What installations of each role are asked for with (pure).
import type { InstallOptions } from "../../infra/install/layout.ts";

export const ALL: InstallOptions = {
  ...{ role: "all", regions: ["eu"], region: "eu", hub: null, portBase: null },
  ...{ tls: false, link: true },
  programs: {
    ...{ node: "/usr/bin/node", entry: "/usr/lib/skerry/infra/entry/skerry.mjs" },
    ...{ natsServer: "/usr/sbin/nats-server", influxd: "/usr/bin/influxd" },
    rules: "/usr/lib/skerry/rules.yaml",
  },
};
export const HUB: InstallOptions = { ...ALL, role: "hub", regions: ["eu", "us"], region: null };
export const REGION: InstallOptions = { ...ALL, role: "region", hub: "hub.example.com:7422" };
