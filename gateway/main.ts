import { processMain } from "../platform/runtime/process-main.ts";
import { runGateway } from "./gateway.ts";
import { GATEWAY_OPTIONS } from "./options.ts";

await processMain({
  name: "gateway",
  title: "Skerry gateway: MQTT in, the region's log out, alerts back. PUBACK means stored.",
  options: GATEWAY_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: ({ config, ...of }) => runGateway(config, of),
});
