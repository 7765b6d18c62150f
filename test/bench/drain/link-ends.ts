// Both ends of a compressed link in TLS, as an installation of several machines has it, with a WAN between them that
// counts what crosses it.
import { TcpProxy } from "../../../infra/local/demo/tcp-proxy.ts";
import { freePort } from "../../support/free-port.ts";
import { makeService } from "../../support/services.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { place, placeCertificate, testAuthority } from "../../support/tls-files.ts";

export interface CountedLink {
  /** Where the region's side connects to. */
  readonly port: number;
  readonly wan: TcpProxy;
  readonly pids: readonly number[];
}

/** @param link false for a WAN without a link. @param targetPort of what is at the hub. */
export async function startCountedLink(
  stack: AsyncDisposableStack,
  targetPort: number,
  link: boolean,
): Promise<CountedLink> {
  const wanPort = await freePort();
  if (!link) {
    const wan = stack.use(await TcpProxy.listen(wanPort, targetPort));
    return { port: wanPort, wan, pids: [] };
  }
  const [hubPort, port] = [await freePort(), await freePort()];
  const wan = stack.use(await TcpProxy.listen(wanPort, hubPort));
  const directory = stack.use(await temporaryDirectory()).path;
  const authority = await testAuthority("link");
  const ca = place(directory, "ca.pem", authority.pem);
  const files = {
    hub: await placeCertificate(directory, authority, { kind: "server", hosts: ["127.0.0.1"] }),
    region: await placeCertificate(directory, authority, { kind: "client", name: "leaf-eu" }),
  };
  const pids: number[] = [];
  for (const [side, listen, target] of [
    ["hub", hubPort, targetPort],
    ["region", port, wanPort],
  ] as const) {
    const end = await makeService("infra/link/main.ts", {
      SKERRY_LINK_SIDE: side,
      SKERRY_LINK_LISTEN: `127.0.0.1:${listen}`,
      SKERRY_LINK_TARGET: `127.0.0.1:${target}`,
      SKERRY_LINK_CERT: files[side].certificate,
      SKERRY_LINK_KEY: files[side].key,
      SKERRY_LINK_CA: ca,
      SKERRY_LOG_LEVEL: "error",
    });
    stack.use(end.process);
    await end.process.start();
    pids.push(end.process.pid!);
  }
  return { port, wan, pids };
}
