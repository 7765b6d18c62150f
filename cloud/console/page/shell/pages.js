// All pages: what the navigation shows, and the module that is loaded when one is opened.

/** `key` is pressed after `g`. */
export const NAVIGATION = [
  {
    title: null,
    pages: [
      { name: "home", title: "Home", href: "/", key: "h" },
      { name: "alerts", title: "Alerts", href: "/alerts", key: "a" },
    ],
  },
  {
    title: "Devices",
    pages: [
      { name: "connect", title: "Connect a device", href: "/connect", key: "c" },
      { name: "devices", title: "Devices", href: "/devices", key: "d" },
      { name: "topics", title: "Topics", href: "/topics", key: "t" },
    ],
  },
  {
    title: "Data",
    pages: [
      { name: "explore", title: "Explore", href: "/explore", key: "e" },
      { name: "contracts", title: "Contracts", href: "/contracts", key: "o" },
      { name: "rejects", title: "Rejects", href: "/rejects", key: "j" },
      { name: "rules", title: "Rules", href: "/rules", key: "r" },
    ],
  },
  {
    title: "Operation",
    pages: [
      { name: "activity", title: "Activity", href: "/activity", key: "v" },
      { name: "traces", title: "Traces", href: "/traces", key: "s" },
      { name: "demo", title: "Demo controls", href: "/demo", key: "m" },
    ],
  },
];

/** Pages that no entry leads to, but links of others. */
const PROOFS = [
  { name: "ledger", title: "Ledger", under: "home" },
  { name: "lanes", title: "Lanes", under: "home" },
  { name: "latency", title: "Latency", under: "home" },
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
