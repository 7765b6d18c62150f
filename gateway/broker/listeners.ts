// Sockets in, over TCP.
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { AppError } from "../../infra/runtime/errors.ts";
import type { Address } from "./options.ts";

/** @throws AppError `ADDRESS_IN_USE` naming host and port. */
export async function listen(server: Server, name: string, at: Address): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const message = `${at.host}:${at.port} (${name}) is in use by another process`;
      reject(new AppError("ADDRESS_IN_USE", "fatal", message, { cause: error }));
    });
    server.listen(at.port, at.host, resolve);
  });
  return server.address() as AddressInfo;
}

export const makeTcpServer = (accept: (socket: Socket) => void): Server =>
  createServer({ noDelay: true, keepAlive: true }, accept);
