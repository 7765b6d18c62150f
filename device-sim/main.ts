import { processMain } from "../platform/runtime/process-main.ts";
import { SIMULATOR_OPTIONS } from "./options.ts";
import { runSimulator } from "./simulator.ts";

await processMain({
  name: "simulator",
  title: "Skerry simulator: rooms and machines replay recorded days over MQTT and keep a ledger.",
  options: SIMULATOR_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: ({ config, ...of }) => runSimulator(config, of),
});
