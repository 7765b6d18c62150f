// The files of the page: our own as they are, and the modules of libraries it imports, under /lib/.
//
// A bare specifier in a library ("preact") becomes a path here, because an import map would have to be inline,
// which the content security policy forbids.
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { API_PREFIX } from "./api/openapi.ts";
import { notFound } from "./api/problem.ts";

const PAGE_DIRECTORY = join(import.meta.dirname, "page");

const JAVASCRIPT = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

interface LibraryFile {
  readonly package: string;
  readonly file: string;
  readonly type: string;
}

const javascript = (name: string, file: string): LibraryFile => ({
  package: name,
  file,
  type: JAVASCRIPT,
});

/** Everything under /lib/. A page imports `/lib/preact.js`, `/lib/hooks.js`, `/lib/htm.js`, `/lib/uplot.js`, `/lib/mqtt.js`. */
const LIBRARY_FILES: Readonly<Record<string, LibraryFile>> = {
  "preact.js": javascript("preact", "dist/preact.mjs"),
  "hooks.js": javascript("preact", "hooks/dist/hooks.mjs"),
  "htm.js": javascript("htm", "preact/index.module.js"),
  "htm-core.js": javascript("htm", "dist/htm.module.js"),
  "uplot.js": javascript("uplot", "dist/uPlot.esm.js"),
  "uplot.css": { package: "uplot", file: "dist/uPlot.min.css", type: CSS },
  "mqtt.js": javascript("mqtt", "dist/mqtt.esm.js"),
};

/** The paths that stand for bare specifiers. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  preact: "/lib/preact.js",
  "preact/hooks": "/lib/hooks.js",
  htm: "/lib/htm-core.js",
};

/** The module with its bare specifiers replaced; comments about source maps go, because there are none here. */
const rewritten = (source: string): string =>
  source
    .replace(/(\bfrom\s*|\bimport\s*)"([a-z/]+)"/g, (all, before: string, name: string) =>
      SPECIFIERS[name] === undefined ? all : `${before}"${SPECIFIERS[name]}"`,
    )
    .replace(/\n?\/\/# sourceMappingURL=.*$/gm, "");

const packageDirectory = (name: string): string => {
  const { resolve } = createRequire(import.meta.url);
  const entry = resolve(name);
  const mark = join("node_modules", name);
  return join(entry.slice(0, entry.lastIndexOf(mark)), mark);
};

interface Served {
  readonly type: string;
  readonly text: string;
  readonly tag: string;
}

function readLibrary({ package: name, file, type }: LibraryFile): Served {
  const source = readFileSync(join(packageDirectory(name), file), "utf8");
  const text = type === JAVASCRIPT ? rewritten(source) : source;
  return { type, text, tag: `"${createHash("sha256").update(text).digest("base64url")}"` };
}

/** Policy of every answer: nothing inline, nothing from elsewhere, in no frame. */
const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
].join("; ");

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

/** Serves the page: each of its files, and index.html for every other path, which is a state of the page. */
export async function servePage(server: FastifyInstance): Promise<void> {
  const libraries = new Map(
    Object.entries(LIBRARY_FILES).map(([name, file]) => [name, readLibrary(file)]),
  );
  server.get<{ Params: { name: string } }>("/lib/:name", (request, reply) => {
    const served = libraries.get(request.params.name);
    if (!served) throw notFound(`There is no library ${request.params.name}.`);
    void reply.header("etag", served.tag).header("cache-control", "no-cache");
    if (request.headers["if-none-match"] === served.tag) return reply.code(304).send();
    return reply.type(served.type).send(served.text);
  });
  await server.register(fastifyStatic, {
    root: PAGE_DIRECTORY,
    cacheControl: false,
    setHeaders: (response) => void response.header("cache-control", "no-cache"),
  });
  server.setNotFoundHandler((request, reply) => {
    const isPage =
      request.method === "GET" &&
      !request.url.startsWith(`${API_PREFIX}/`) &&
      request.headers.accept?.includes("text/html") === true;
    if (!isPage)
      throw notFound(`${request.method} ${request.url} is nothing that the console has.`);
    return reply.sendFile("index.html");
  });
}
