// Brokers in child processes: stock aedes, and ours where a test kills it.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { endAtExit } from "./children.ts";
import type { ServeOptions } from "./mqtt-serve.ts";
import type { StockOptions } from "./mqtt-stock-aedes.ts";

export interface ChildBroker extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly port: number;
  readonly crashed: boolean;
  /** Messages of the child besides its port. */
  readonly messages: Record<string, unknown>[];
  /** Resolves when the process is gone; its exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export const startStockAedes = (options: StockOptions = {}): Promise<ChildBroker> =>
  startChild("mqtt-stock-aedes.ts", options);

export const startServedBroker = (options: ServeOptions): Promise<ChildBroker> =>
  startChild("mqtt-serve.ts", options);

async function startChild(script: string, options: object): Promise<ChildBroker> {
  const child = fork(join(import.meta.dirname, script), [JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: ["--expose-gc"],
    serialization: "advanced",
  });
  endAtExit(child);
  const messages: Record<string, unknown>[] = [];
  let crashed = false;
  const exited = once(child, "exit").then(([code]: (number | null)[]) => {
    crashed = code !== null && code !== 0;
    return code ?? null;
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.on("message", (message: Record<string, unknown>) => {
      if (typeof message.port === "number") resolve(message.port);
      else messages.push(message);
    });
    void exited.then((code) => reject(new Error(`${script} ended with ${code}`)));
  });
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    process: child,
    port,
    get crashed() {
      return crashed;
    },
    messages,
    exited,
    kill,
    [Symbol.asyncDispose]: () => kill("SIGKILL"),
  };
}
