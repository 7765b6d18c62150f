// The console under test, and its API as a program sees it.
import { Ajv2020 } from "ajv/dist/2020.js";
import { freePort } from "./free-port.ts";
import type { NatsWorld } from "./nats.ts";
import { type Service, startService } from "./services.ts";

export const OPERATOR_TOKEN = "operator-of-the-test";
export const VIEWER_TOKEN = "a-viewer-of-the-test";
export const LOGIN_CODE = "login-code-of-the-test";

export interface Answer<T = unknown> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface ConsoleUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly service: Service;
  /** Asks as an operator, and holds the answer against the page of the API. */
  ask<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
}

type Document = {
  paths: Record<string, Record<string, { responses: Record<string, Response_> }>>;
};
type Response_ = { content?: Record<string, { schema: object }> };

/** A console of a world, on a free port. */
export async function startConsole(
  world: NatsWorld,
  regions: readonly string[],
  env: Record<string, string> = {},
): Promise<ConsoleUnderTest> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startService("cloud/console/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("console"),
    SKERRY_REGIONS: regions.join(","),
    SKERRY_CONSOLE_PORT: String(port),
    SKERRY_CONSOLE_OPERATOR_TOKEN: OPERATOR_TOKEN,
    SKERRY_CONSOLE_VIEWER_TOKEN: VIEWER_TOKEN,
    SKERRY_CONSOLE_LOGIN_CODE: LOGIN_CODE,
    ...env,
  });
  let document: Document | null = null;
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    document ??= (await askApi<Document>(url, "GET", "/openapi.json")).body;
    const answer = await askApi<T>(url, method, path, body);
    holdAgainst(document, { method, path, answer });
    return answer;
  };
  return { url, service, ask, [Symbol.asyncDispose]: () => service.process[Symbol.asyncDispose]() };
}

/** Asks the API with a token, as a program does. */
export async function askApi<T>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token = OPERATOR_TOKEN,
): Promise<Answer<T>> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  const parsed: unknown = isJson ? JSON.parse(text) : text;
  return { status: response.status, body: parsed as T, headers: response.headers };
}

/** @throws if the answer is not of the form that the page of the API promises. */
function holdAgainst(
  document: Document,
  { method, path, answer }: { method: string; path: string; answer: Answer },
): void {
  const asked = `/api/v1${path.split("?")[0]!}`;
  const paths = Object.keys(document.paths)
    .filter((one) => new RegExp(`^${one.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(asked))
    .toSorted((a, b) => a.split("{").length - b.split("{").length);
  const operation = paths
    .map((one) => document.paths[one]![method.toLowerCase()])
    .find((one) => one !== undefined);
  if (!operation) throw new Error(`${method} ${asked} is not in the page of the API`);
  const { responses } = operation;
  const response = responses[String(answer.status)] ?? responses[`${String(answer.status)[0]}XX`];
  if (!response) throw new Error(`${method} ${asked} answers ${answer.status}, which is not said`);
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!;
  if (type === "" && response.content === undefined) return;
  const schema = response.content?.[type]?.schema;
  if (!schema) throw new Error(`${method} ${asked} answers with ${type}, which is not said`);
  if (!type.includes("json")) return;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const whole = {
    ...schema,
    components: (document as unknown as { components: object }).components,
  };
  const isValid = ajv.validate(whole, answer.body);
  if (!isValid)
    throw new Error(`${method} ${asked}: ${ajv.errorsText()}: ${JSON.stringify(answer.body)}`);
}
