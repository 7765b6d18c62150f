// A compressing link between the nats-server of a region and that of the hub: a process at each end.
//
//   nats-server (region) --leaf--> link (region) ==WAN, compressed, TLS==> link (hub) --leaf--> nats-server (hub)
//
// J1. A connection of one end is one of the other: it begins with the first and ends with either, so that both
//     nats-servers notice a cut as without the link.
// J2. Both sides say first who they are: whoever dials the wrong port is told in words, and gets no byte from a
//     nats-server.
// J3. Certificates that were renewed count from the next connection on; those that cannot be used are told, and the
//     old ones go on. Nothing older than TLS 1.2 is spoken.
// J4. Of several targets none is left out: whichever does not answer, or whose connection ended, the next one is dialled.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, type Server, type Socket, connect, createServer, isIP } from "node:net";
import {
  type Server as TlsServer,
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
} from "node:tls";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import { Allowance } from "./allowance.ts";
import { type Limit, type Passed, compressInto, decompressInto } from "./compressor.ts";
import type { Address, Side } from "./options.ts";
import { TURNS, type Turn, WaitingMessages } from "./waiting-messages.ts";

const PREFACE = Buffer.from("skerry-link 1\n", "latin1");
const PREFACE_WITHIN_MS = 10_000;
const DIAL_WITHIN_MS = 10_000;
const MIN_VERSION = "TLSv1.2";
const RENEWED_EVERY_MS = 1_000;

export interface LinkConfig {
  readonly side: Side;
  readonly listen: Address;
  /** Whoever is dialled, one after the other. */
  readonly target: readonly Address[];
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** Bytes a second that this end sends over the WAN, at the hub to each region; 0: as many as it takes. */
  readonly limit: number;
}

export interface LinkStatus {
  readonly process: "link";
  readonly side: Side;
  readonly encrypted: boolean;
  readonly connections: number;
  /** Bytes since the start, by direction. */
  readonly toHub: Passed;
  readonly fromHub: Passed;
  /** Bytes a second that this end sends at most; null: no limit. */
  readonly limit: number | null;
  /** Bytes that wait at this end for the limit, by their turn. */
  readonly waiting: Readonly<Record<Turn, number>>;
  /** The last reason for which a connection did not come about; null if none is known. */
  readonly lastError: string | null;
}

export class Link implements StatusSource, AsyncDisposable {
  readonly #config: LinkConfig;
  readonly #logger: Logger;
  #tls: Tls;
  readonly #renewing: NodeJS.Timeout | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #toHub: Passed = { plain: 0, wire: 0 };
  readonly #fromHub: Passed = { plain: 0, wire: 0 };
  #connections = 0;
  #allowance: Allowance | undefined;
  /** The one of the targets that is dialled first (J4). */
  #first = 0;
  readonly #waiting = new Set<WaitingMessages>();
  #lastError: string | null = null;
  /** The reason why the last connection that was to be passed on did not come about; null if it did. */
  #unreached: string | null = null;

  /** @throws AppError `CONFIG_INVALID` for certificates that cannot be read. */
  constructor(config: LinkConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#tls = tlsOf(config);
    const accept = (socket: Socket): void => void this.#accept(socket);
    const { on, cert, key, ca } = this.#tls;
    this.#server =
      on && config.side === "hub"
        ? createTlsServer(
            { cert, key, ca, minVersion: MIN_VERSION, requestCert: ca !== undefined },
            accept,
          )
        : createServer({ noDelay: true }, accept);
    if (this.#tls.on && config.side === "hub")
      this.#renewing = setInterval(() => this.#renew(), RENEWED_EVERY_MS).unref();
    this.#server.on("tlsClientError", (error) => this.#failed(`no TLS: ${messageOf(error)}`));
  }

  /** @throws AppError `ADDRESS_IN_USE`. */
  async open(): Promise<void> {
    const { host, port } = this.#config.listen;
    this.#server.listen(port, host);
    await once(this.#server, "listening").catch((cause: unknown) => {
      const what = `SKERRY_LINK_LISTEN ${host}:${port}: ${messageOf(cause)}`;
      throw new AppError("ADDRESS_IN_USE", "fatal", what, { cause });
    });
    const { side, target } = this.#config;
    const wan = side === "hub" ? [host] : target.map((one) => one.host);
    const isLocal = wan.every((one) => ["127.0.0.1", "::1", "localhost"].includes(one));
    if (!this.#tls.on && !isLocal)
      this.#logger.warn(
        `the link over ${wan.join(", ")} is in clear text, with the password of the leaf and all that regions say: set ` +
          "SKERRY_LINK_CERT and SKERRY_LINK_KEY at the hub, and SKERRY_LINK_CA in regions",
      );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  checks(): HealthCheck[] {
    const { host, port } = this.#config.listen;
    const listens = this.#server.listening ? null : `it does not listen at ${host}:${port}`;
    return [
      { name: "listens", kind: "live", why: listens },
      { name: "reaches the other side", kind: "ready", why: this.#unreached },
    ];
  }

  status(): LinkStatus {
    return {
      ...{ process: "link", side: this.#config.side, encrypted: this.#tls.on },
      ...{ connections: this.#connections, lastError: this.#lastError },
      ...{ toHub: { ...this.#toHub }, fromHub: { ...this.#fromHub } },
      ...{ limit: this.#config.limit || null, waiting: this.#waitingBytes() },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Takes up files that have changed (J3). */
  #renew(): void {
    try {
      const now = tlsOf(this.#config);
      const isSame = (["cert", "key", "ca"] as const).every((name) =>
        now[name] === undefined
          ? this.#tls[name] === undefined
          : this.#tls[name]?.equals(now[name]),
      );
      if (isSame) return;
      const { cert, key, ca } = now;
      createSecureContext({ cert, key, ca });
      if (ca) new X509Certificate(ca); // Of an authority that is none a context takes no notice.
      if (this.#config.side === "hub")
        (this.#server as TlsServer).setSecureContext({ cert, key, ca, minVersion: MIN_VERSION });
      this.#tls = now;
      this.#logger.info("the certificates of the link are renewed");
    } catch (error) {
      this.#failed(
        `certificates changed and cannot be used, the old ones go on: ${messageOf(error)}`,
      );
    }
  }

  async #accept(accepted: Socket): Promise<void> {
    this.#keep(accepted);
    const { side } = this.#config;
    try {
      // At the hub nobody is let through to its nats-server before it has said what it is (J2).
      if (side === "hub") await greet(accepted);
      const dialled = await this.#reach();
      const [plain, wire] = side === "region" ? [accepted, dialled] : [dialled, accepted];
      this.#join(plain, wire);
    } catch (error) {
      accepted.destroy();
      this.#failed(messageOf(error));
    }
  }

  /** The other side's link, or at the hub its nats-server. */
  async #reach(): Promise<Socket> {
    try {
      const dialled = this.#keep(await this.#dial());
      if (this.#config.side === "region") await greet(dialled);
      this.#unreached = null;
      return dialled;
    } catch (error) {
      this.#unreached = messageOf(error);
      throw error;
    }
  }

  #join(plain: Socket, wire: Socket): void {
    if (plain.destroyed || wire.destroyed) {
      plain.destroy();
      wire.destroy();
      return;
    }
    const isRegion = this.#config.side === "region";
    const sending = { isDialled: !isRegion, limit: this.#limitOf(plain) };
    compressInto(plain, wire, isRegion ? this.#toHub : this.#fromHub, sending);
    decompressInto(wire, plain, isRegion ? this.#fromHub : this.#toHub);
    this.#connections += 1;
    plain.once("close", () => {
      this.#connections -= 1;
      wire.destroy(); // J1
    });
    const { length } = this.#config.target;
    wire.once("close", () => {
      this.#first = (this.#first + 1) % length; // J4
      plain.destroy();
    });
    this.#logger.info("linked");
  }

  /** A region has one line to share, at the hub each region has its own. */
  #limitOf(plain: Socket): Limit | undefined {
    if (this.#config.limit === 0) return undefined;
    const waiting = new WaitingMessages();
    this.#waiting.add(waiting);
    plain.once("close", () => this.#waiting.delete(waiting));
    const own = new Allowance(this.#config.limit, performance.now());
    const allowance = this.#config.side === "hub" ? own : (this.#allowance ??= own);
    const onUnreadable = (): void =>
      this.#logger.warn(
        "what the nats-servers say cannot be read: SKERRY_LINK_LIMIT is kept, but alerts wait for the log. Is the leaf " +
          "connection in TLS of its own? Print their configurations with `skerry topology nats-config --link`",
      );
    return { allowance, waiting, onUnreadable };
  }

  #waitingBytes(): Record<Turn, number> {
    const sum: Record<Turn, number> = { first: 0, live: 0, last: 0 };
    for (const { bytes } of this.#waiting) for (const turn of TURNS) sum[turn] += bytes[turn];
    return sum;
  }

  async #dial(): Promise<Socket> {
    const { target } = this.#config;
    const failed: string[] = [];
    for (const at of target.keys()) {
      const chosen = (this.#first + at) % target.length;
      try {
        const socket = await this.#dialOne(target[chosen]!);
        this.#first = chosen;
        return socket;
      } catch (error) {
        failed.push(messageOf(error)); // J4
      }
    }
    throw new Error(failed.join("; "));
  }

  async #dialOne(target: Address): Promise<Socket> {
    const { side } = this.#config;
    if (this.#tls.on && side === "region") this.#renew();
    const { on, cert, key, ca } = this.#tls;
    const isTls = on && side === "region";
    const options = { ...target, timeout: DIAL_WITHIN_MS, noDelay: true };
    // An address is no server name (RFC 6066, section 3); the certificate has to be for it all the same.
    const servername = isIP(target.host) === 0 ? target.host : "";
    const socket = isTls
      ? connectTls({ ...options, servername, cert, key, ca, minVersion: MIN_VERSION })
      : connect(options);
    socket.once("timeout", () => socket.destroy(new Error("it does not answer")));
    try {
      await once(socket, isTls ? "secureConnect" : "connect");
    } catch (cause) {
      throw new Error(`${target.host}:${target.port}: ${messageOf(cause)}`, { cause });
    }
    return socket.setTimeout(0);
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", (error) => this.#failed(messageOf(error)));
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }

  #failed(why: string): void {
    if (this.#lastError !== why) this.#logger.warn(`no link: ${why}`);
    this.#lastError = why;
  }
}

interface Tls {
  readonly on: boolean;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly ca: Buffer | undefined;
}

function tlsOf({ side, ...files }: LinkConfig): Tls {
  const read = (name: "cert" | "key" | "ca"): Buffer | undefined => {
    if (files[name] === "") return undefined;
    try {
      return readFileSync(files[name]);
    } catch (cause) {
      const what = `SKERRY_LINK_${name.toUpperCase()}: ${messageOf(cause)}`;
      throw new AppError("CONFIG_INVALID", "fatal", what, { cause });
    }
  };
  const [cert, key, ca] = [read("cert"), read("key"), read("ca")];
  if ((cert === undefined) !== (key === undefined))
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      "SKERRY_LINK_CERT and SKERRY_LINK_KEY belong together",
    );
  const on = side === "hub" ? cert !== undefined : ca !== undefined;
  if (!on && (cert ?? ca) !== undefined)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      side === "hub"
        ? "SKERRY_LINK_CA at the hub needs SKERRY_LINK_CERT and SKERRY_LINK_KEY: what regions ask for"
        : "SKERRY_LINK_CERT in a region needs SKERRY_LINK_CA: the authority of the hub's certificate",
    );
  return { on, cert, key, ca };
}

/** Says who we are and hears who the other side is (J2). */
async function greet(socket: Socket): Promise<void> {
  socket.write(PREFACE);
  const timer = setTimeout(
    () =>
      socket.destroy(new Error("the other side says nothing: the WAN is cut, or it is no link")),
    PREFACE_WITHIN_MS,
  );
  try {
    for (;;) {
      const said = socket.read(PREFACE.length) as Buffer | null;
      if (said?.equals(PREFACE)) return;
      if (said !== null || socket.readableEnded) break;
      if (socket.destroyed) break;
      await Promise.race([once(socket, "readable"), once(socket, "end"), once(socket, "close")]);
    }
    throw new Error("the other side is no link of this version");
  } finally {
    clearTimeout(timer);
  }
}
