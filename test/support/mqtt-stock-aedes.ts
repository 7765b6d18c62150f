// Stock aedes in a process of its own, to show what the hardening closes: each hostile input is
// tried here first and must do its harm, or its test proves nothing.
//
// argv[2]: JSON of `StockOptions`. Says `{"port": n}` to its parent once it listens.
import { createServer, type AddressInfo } from "node:net";
import { Aedes, type AedesOptions } from "aedes";

export interface StockOptions {
  aedes?: AedesOptions;
  /** A naive durable write inside `authorizePublish`, as one would first write it. */
  write?: "slow-first" | "fails" | "never";
}

// Its parent is gone, however that ended.
process.once("disconnect", () => process.exit());
const { aedes: options, write } = JSON.parse(process.argv[2] ?? "{}") as StockOptions;
const broker = await Aedes.createBroker({ ...options });
let writes = 0;
broker.authorizePublish = (client, _packet, callback) => {
  if (!client || !write) return callback(null);
  process.send?.({ writes: ++writes });
  if (write === "fails") return callback(new Error("the store is away"));
  if (write === "never") return;
  setTimeout(() => callback(null), writes === 1 ? 200 : 0);
};
const server = createServer((socket) => void broker.handle(socket));
server.listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
