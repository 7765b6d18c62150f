// Every state of a page is a URL: /{page}/{path…}?{query}. Any link within the console is followed without loading anew.
import { useEffect, useState } from "/lib/hooks.js";
import { urlOf } from "./url.js";

const listeners = new Set();

const read = () => {
  const [, page = "", ...path] = location.pathname.split("/").map(decodeURIComponent);
  return {
    page: page === "" ? "home" : page,
    path: path.filter((part) => part !== ""),
    query: Object.fromEntries(new URLSearchParams(location.search)),
  };
};

let current = read();

function changed() {
  current = read();
  for (const listener of listeners) listener(current);
}

addEventListener("popstate", changed);

/** Goes to a URL of the console; `replace` leaves no step to go back to. */
export function navigate(url, { replace = false } = {}) {
  const target = new URL(url, location.href);
  if (target.href === location.href) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  changed();
}

/** The route now: `{ page, path: [part…], query: { name: value } }`. */
export function useRoute() {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    listeners.add(setRoute);
    setRoute(current);
    return () => listeners.delete(setRoute);
  }, []);
  return route;
}

/** Changes some parameters of the query, by default without a step to go back to; null removes one. */
export function setQuery(change, { replace = true } = {}) {
  const query = { ...current.query, ...change };
  const path = current.page === "home" ? [] : [current.page, ...current.path];
  navigate(urlOf(path, query), { replace });
}

/** A click that the browser should not follow itself. */
function isOurs(event, anchor) {
  if (event.defaultPrevented || event.button !== 0) return false;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (anchor.target !== "" || anchor.hasAttribute("download")) return false;
  return anchor.origin === location.origin && !anchor.pathname.startsWith("/api/");
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || !isOurs(event, anchor)) return;
  if (anchor.hash !== "" && anchor.pathname === location.pathname) return;
  event.preventDefault();
  navigate(anchor.href);
});
