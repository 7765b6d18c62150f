// The page of the API in OpenAPI 3.1, made from the routes themselves.
import { CHANGE_HEADER } from "../access/origin.ts";
import { SESSION_COOKIE } from "../access/sessions.ts";
import { PROBLEM_TYPE } from "./problem.ts";
import type { Route } from "./route.ts";
import { type Schema, integer, list, object, text } from "./schema.ts";

export const API_PREFIX = "/api/v1";

const PROBLEM: Schema = object(
  {
    type: text("always about:blank"),
    title: text("what it is, in a few words"),
    status: integer("the HTTP status"),
    detail: text("a sentence for the person who asked"),
    retryAfterS: integer("seconds until another try is worth it, as Retry-After says"),
    errors: list(object({ at: text(), message: text() }), "each thing that is wrong"),
  },
  { optional: ["detail", "retryAfterS", "errors"] },
);

const problem = (description: string): Schema => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } },
});

/** `/devices/:id` as OpenAPI spells it: `/devices/{id}`. */
const openPath = (path: string): string => path.replaceAll(/:(\w+)/g, "{$1}");

/** Status of success of a route. */
export const statusOf = ({ status, answer }: Route): number =>
  status ?? (answer === null ? 204 : 200);

const resourceOf = (path: string): string => path.split("/")[1] ?? "";

const parametersOf = (place: "path" | "query", schema: Schema | undefined): Schema[] => {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: one,
  }));
};

function operationOf(route: Route): Schema {
  const { summary, role, params, query, body, answer, alsoAnswers } = route;
  const isOpen = role === "open";
  const content = {
    ...(answer === null ? {} : { "application/json": { schema: answer } }),
    ...(alsoAnswers === undefined ? {} : { [alsoAnswers]: { schema: { type: "string" } } }),
  };
  return {
    summary,
    tags: [resourceOf(route.path)],
    "x-role": role,
    ...(isOpen ? { security: [] } : { description: `Role: ${role}.` }),
    parameters: [...parametersOf("path", params), ...parametersOf("query", query)],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      [statusOf(route)]: {
        description: "done",
        ...(Object.keys(content).length === 0 ? {} : { content }),
      },
      "4XX": problem("refused: the detail says why"),
      "5XX": problem("a server behind the console does not answer"),
    },
  };
}

/** The whole document. */
export function openApi(routes: readonly Route[]): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes)
    (paths[`${API_PREFIX}${openPath(route.path)}`] ??= {})[route.method.toLowerCase()] =
      operationOf(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "Skerry",
      version: "1",
      description:
        `The API of the console. A program sends \`Authorization: Bearer TOKEN\`. The page has a cookie, and sends the header ` +
        `\`${CHANGE_HEADER}\` with each change.`,
    },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: SESSION_COOKIE },
      },
    },
  };
}
