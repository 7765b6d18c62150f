/** Files that a package holds beside JavaScript, as patterns from the project's root: those that are read while it runs. */
export const PACKAGED_FILES: readonly string[] = [
  "cloud/console/page/**/*.{js,css,html,svg}",
  "contracts/schemas/**/*.json",
  "device-sim/data/**/*.{csv,md,txt}",
  "docs/guides/*.md",
  "platform/runtime/config-file/*.json",
  "infra/{examples,grafana/generated,influx,local,mappings}/**/*.{json,yaml,conf}",
];
