// The guides, run books among them, as Markdown.
import { notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { list, object, text } from "./schema.ts";

const titleOf = (markdown: string): string => /^# (.+)$/m.exec(markdown)?.[1] ?? "";

/** @param guides Markdown by name. */
export const guideRoutes = (guides: ReadonlyMap<string, string>): Route[] => [
  route({
    method: "GET",
    path: "/guides",
    summary: "The guides by name",
    role: "viewer",
    answer: object({ guides: list(object({ name: text(), title: text() })) }),
    handle: async () =>
      Promise.resolve({
        guides: Array.from(guides, ([name, markdown]) => ({ name, title: titleOf(markdown) })),
      }),
  }),
  route<{ name: string }>({
    method: "GET",
    path: "/guides/:name",
    summary: "A guide, such as the run books",
    role: "viewer",
    params: object({ name: text() }),
    answer: object({ name: text(), title: text(), markdown: text(), others: list(text()) }),
    handle: async ({ params: { name } }) => {
      const markdown = guides.get(name);
      if (markdown === undefined) throw notFound(`There is no guide ${name}.`);
      const others = [...guides.keys()];
      return Promise.resolve({ name, title: titleOf(markdown), markdown, others });
    },
  }),
];
