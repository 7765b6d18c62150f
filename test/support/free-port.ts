import { createServer } from "node:net";

/**
 * Below Linux's ephemeral range: no outgoing connection takes a port while its server is down. Above those that tests of
 * the launcher name, 18,200 to 19,800: files run side by side.
 */
const PORTS = { from: 20_000, to: 32_000 };
const portsGiven = new Set<number>();

/** A TCP port of 127.0.0.1 that is free now and that this test process gives to nobody else. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (portsGiven.has(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    portsGiven.add(port);
    return port;
  }
}
