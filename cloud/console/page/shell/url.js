// URLs of the console (pure).

/** A URL from parts that may hold anything: `urlOf(["devices", id], { tab: "values" })`. Empty values are left out. */
export function urlOf(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => (value ?? "") !== "");
  const search = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}
