// Panels by what they show, as short as their words; pure.
import type { Panel, Query } from "./model.ts";

type More = Omit<Partial<Panel>, "title" | "about" | "kind" | "queries">;
type Make = (title: string, about: string, queries: readonly Query[], more?: More) => Panel;

const of =
  (kind: Panel["kind"]): Make =>
  (title, about, queries, more = {}) => ({ title, about, kind, queries, ...more });

/** Values over time, a line for each series. */
export const lines = of("lines");
/** Values over time, one above the other. */
export const areas = of("areas");
/** The value of each series now. */
export const now = of("now");
/** A row for each series. */
export const table = of("table");

/** Lines of things a second. */
export const perSecond: Make = (title, about, queries, more = {}) =>
  lines(title, about, queries, { unit: "cps", ...more });
