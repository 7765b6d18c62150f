// All pages: what the navigation shows, and the module that is loaded when one is opened.

/** `key` is pressed after `g`. */
const page = (name, title, key) => ({
  ...{ name, title, key },
  href: name === "home" ? "/" : `/${name}`,
});

export const NAVIGATION = [
  {
    title: null,
    pages: [page("home", "Home", "h"), page("alerts", "Alerts", "a")],
  },
  {
    title: "Devices",
    pages: [
      page("connect", "Connect a device", "c"),
      page("devices", "Devices", "d"),
      page("topics", "Topics", "t"),
    ],
  },
  {
    title: "Data",
    pages: [
      page("explore", "Explore", "e"),
      page("contracts", "Contracts", "o"),
      page("rejects", "Rejects", "j"),
      page("rules", "Rules", "r"),
    ],
  },
  {
    title: "Operation",
    pages: [
      page("activity", "Activity", "v"),
      page("traces", "Traces", "s"),
      page("demo", "Demo controls", "m"),
    ],
  },
];

/** Pages that no entry leads to, but links of others. */
const PROOFS = [
  { name: "ledger", title: "Ledger", under: "home" },
  { name: "lanes", title: "Lanes", under: "home" },
  { name: "latency", title: "Latency", under: "home" },
  { name: "guides", title: "Guides", under: "home" },
];

const ALL = [...NAVIGATION.flatMap(({ pages }) => pages), ...PROOFS];

export const pageOf = (name) => ALL.find((page) => page.name === name) ?? null;

const loaded = new Map();

/** The component `Page` of pages/NAME.js, which takes `{ path, query }`. */
export async function loadPage(name) {
  if (!loaded.has(name)) loaded.set(name, (await import(`../pages/${name}.js`)).Page);
  return loaded.get(name);
}

export const loadedPage = (name) => loaded.get(name) ?? null;
