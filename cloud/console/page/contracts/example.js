// A payload that a contract takes, to begin a trial with (pure).

const OF_TYPE = { number: 20.5, integer: 1, boolean: true, string: "text" };

const within = (value, { minimum = -Infinity, maximum = Infinity }) =>
  Math.min(Math.max(value, minimum), maximum);

const timeOf = (type, nowMs) => (type === "string" ? new Date(nowMs).toISOString() : nowMs);

function exampleOf(property, nowMs) {
  if (property.const !== undefined) return property.const;
  if (property.enum !== undefined) return property.enum[0];
  const [type] = [property.type].flat();
  if (property["x-role"] === "time") return timeOf(type, nowMs);
  const value = OF_TYPE[type];
  return typeof value === "number" ? within(value, property) : value;
}

/** A time is only given where it is needed: arrival stands for it. */
export function examplePayload({ properties = {}, required = [] }, nowMs) {
  const isWanted = ([name, property]) => property["x-role"] !== "time" || required.includes(name);
  const wanted = Object.entries(properties).filter(isWanted);
  return Object.fromEntries(wanted.map(([name, property]) => [name, exampleOf(property, nowMs)]));
}
