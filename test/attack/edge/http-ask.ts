// Requests as anybody can make them: from another address of this machine, with any header, and bytes as they are.
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

export interface Asked {
  readonly method?: "GET" | "POST";
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** An address of this machine that it comes from. */
  readonly from?: string;
}

export interface Answered {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const CLOSED: Answered = { status: 0, headers: {}, text: "" };
const WITHIN_MS = 15_000;

export const ask = (port: number, path: string, asked: Asked = {}): Promise<Answered> =>
  new Promise((resolve) => {
    const { method = "POST", body, headers = {}, from } = asked;
    const sent = request({
      ...{ host: "127.0.0.1", port, path, method, agent: false, timeout: WITHIN_MS },
      ...(from === undefined ? {} : { localAddress: from }),
      headers: { "content-type": "application/json", ...headers },
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => resolve(CLOSED));
    sent.once("response", (answer) => {
      void text(answer).then(
        (said) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: said }),
        () => resolve(CLOSED),
      );
    });
    sent.end(body);
  });

/** Everything that is said to bytes as they are, until there is silence. */
export async function sayRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  socket
    .on("data", (data: Buffer) => (said += data.toString("latin1")))
    .on("error", () => undefined);
  socket.write(bytes, "latin1");
  await new Promise<void>((resolve) => {
    socket.setTimeout(SILENT_MS, resolve);
    socket.once("close", () => resolve());
  });
  socket.destroy();
  return said;
}

const SILENT_MS = 700;

export const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
