// A real Mosquitto that bridges to a gateway, as a site has it.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureInstalled, searchDirectories } from "../../infra/local/prerequisites.ts";
import { freePort } from "./free-port.ts";
import { connectClient } from "./mqtt-client.ts";
import { ServerProcess } from "./server-process.ts";

/** Debian packages by program; see servers-installed.ts. */
export const MOSQUITTO = { mosquitto: "mosquitto" } as const;
export const MOSQUITTO_MANUAL =
  "Only the tests and benchmarks need it: sudo apt-get install -y mosquitto";

export interface BridgeOptions {
  /** Where its configuration and its memory are. */
  readonly directory: string;
  /** The port of the gateway. */
  readonly to: number;
  readonly clientId: string;
  /** Lines of the `connection` section. */
  readonly lines: readonly string[];
}

export interface Bridge {
  readonly process: ServerProcess;
  /** Devices of the site publish here. */
  readonly port: number;
}

/** Starts it; it keeps what is retained over its restarts. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const { directory, to, clientId, lines } = options;
  const port = await freePort();
  const home = join(directory, clientId);
  const configuration = join(home, "bridge.conf");
  await mkdir(home);
  // Started by root, it becomes the user `mosquitto`, whose memory it is then.
  await chmod(directory, 0o755);
  await chmod(home, 0o777);
  const all = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence true",
    `persistence_location ${home}/`,
    "connection to-skerry",
    `address 127.0.0.1:${to}`,
    `remote_clientid ${clientId}`,
    "restart_timeout 1",
    "notifications false",
    ...lines,
  ];
  await writeFile(configuration, `${all.join("\n")}\n`);
  const { mosquitto } = ensureInstalled(MOSQUITTO, MOSQUITTO_MANUAL, {
    directories: searchDirectories(process.env["PATH"] ?? ""),
    root: false,
    say: () => undefined,
  });
  const server = new ServerProcess({
    name: `mosquitto ${clientId}`,
    program: mosquitto,
    args: ["-c", configuration],
    env: {},
    ready: async () => {
      await using _ = await connectClient(port);
      return true;
    },
  });
  await server.start();
  return { process: server, port };
}
