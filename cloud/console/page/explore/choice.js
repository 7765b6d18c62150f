// What is drawn, as an address tells it (pure): series by their tags, and fields. Each field of each series is a line.
//
//   ?contract=environment&tags=[{"device":"a"},{"device":"b"}]&field=temperature,humidity

/** Lines at once: four colours that everybody can tell apart, whole and dashed. */
export const LINES_MAX = 8;

const isTags = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns {{ series: object[], fields: string[] }} tags of each series, one object or a list of them, and names of fields. */
export function choiceOf({ tags, field }) {
  const fields = [...new Set((field ?? "").split(",").filter((name) => name !== ""))];
  try {
    const value = JSON.parse(tags ?? "[]");
    const series = (Array.isArray(value) ? value : [value]).filter(isTags);
    const keys = series.map(keyOf);
    return { series: series.filter((_, at) => keys.indexOf(keys[at]) === at), fields };
  } catch {
    return { series: [], fields };
  }
}

/** Parameters of the address; one series is told as itself. */
export const queryOf = ({ series, fields }) => ({
  tags: series.length === 0 ? null : JSON.stringify(series.length === 1 ? series[0] : series),
  field: fields.join(","),
});

/** The same for the same tags in another order. */
export const keyOf = (tags) =>
  JSON.stringify(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));

/** With a series if it was not there, without it if it was. */
export function toggled({ series, fields }, tags) {
  const others = series.filter((one) => keyOf(one) !== keyOf(tags));
  return { series: others.length < series.length ? others : [...series, tags], fields };
}

/** True if one more series, or one more field, would be more lines than can be drawn. */
export const isFull = ({ series, fields }, { series: more = 0, fields: moreFields = 0 }) =>
  (series.length + more) * (Math.max(fields.length, 1) + moreFields) > LINES_MAX;

/** A series in few words: its tags, without those that all of `series` have in common. */
export function seriesName(tags, series) {
  const differs = ([name, value]) => series.some((other) => other[name] !== value);
  const all = Object.entries(tags);
  const told = series.length > 1 ? all.filter(differs) : all;
  const parts = (told.length > 0 ? told : all).map(([, value]) => value);
  return parts.length === 0 ? "all" : parts.join(", ");
}

/** A line in few words: what it differs in from the others. */
export function lineName({ tags, field }, { series, fields }) {
  if (series.length <= 1) return field;
  return fields.length <= 1 ? seriesName(tags, series) : `${seriesName(tags, series)} ${field}`;
}
