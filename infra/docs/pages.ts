// The pages of docs that are made from the source.
import { cliPage } from "./cli-page.ts";
import { formatsPage } from "./formats-page.ts";
import { influxPage } from "./influx-page.ts";
import { limitsPage } from "./limits-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { natsPage } from "./nats-page.ts";
import { optionsPage } from "./options-page.ts";
import { securityPage } from "./security-page.ts";

/** Text by path from the project's root. */
export function generatedPages(): ReadonlyMap<string, string> {
  const pages = {
    "docs/reference/cli.md": cliPage(),
    "docs/reference/formats.md": formatsPage(),
    "docs/reference/influxdb.md": influxPage(),
    "docs/reference/limits.md": limitsPage(),
    "docs/reference/metrics.md": metricsPage(),
    "docs/reference/nats.md": natsPage(),
    "docs/reference/options.md": optionsPage(),
    "docs/security.md": securityPage(),
  };
  return new Map(Object.entries(pages));
}
