// The frame: navigation, the verdict in a line, and the page of the URL.
import { html } from "/lib/htm.js";
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { useAsk } from "../kit/ask.js";
import { StateMark } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { ProblemNote } from "../kit/problem.js";
import { Toasts } from "../kit/toast.js";
import { Boundary } from "./boundary.js";
import { verdictOf } from "./verdict.js";
import { useFeedState, useOverview } from "./feed.js";
import { Keyboard } from "./keyboard.js";
import { NAVIGATION, loadPage, loadedPage, pageOf } from "./pages.js";
import { useRoute } from "./router.js";
import { useSession } from "./session.js";
import { switchTheme, useTheme } from "./theme.js";
import { urlOf } from "./url.js";

const FEED_WORDS = {
  connecting: ["idle", "connecting"],
  live: ["ok", "live"],
  lost: ["bad", "connection lost"],
  paused: ["idle", "paused"],
};

function Navigation({ page, isOpen, logOut }) {
  const session = useSession();
  const theme = useTheme();
  const [feedState, feedWords] = FEED_WORDS[useFeedState()];
  const firing = useOverview()?.alertsFiring ?? 0;
  // Only an installation that has demo controls shows where they are.
  const { data: demo } = useAsk("/demo");
  const isShown = ({ name }) => name !== "demo" || demo !== null;
  return html`<nav class="side" id="navigation" aria-label="Pages" data-open=${isOpen}>
    <a class="brand" href="/"><img src="/mark.svg" alt="" />Skerry</a>
    ${NAVIGATION.map(
      ({ title, pages }) =>
        html`<div key=${title}>
          ${title && html`<div class="nav-title" id=${`nav-${title}`}>${title}</div>`}
          <ul class="nav-group" aria-labelledby=${title ? `nav-${title}` : undefined}>
            ${pages.filter(isShown).map(
              (one) =>
                html`<li key=${one.name}>
                  <a
                    class="nav-link"
                    href=${one.href}
                    aria-current=${page === one.name ? "page" : undefined}
                    >${one.title}
                    ${
                      one.name === "alerts" &&
                      firing > 0 &&
                      html`<span class="nav-count"
                        >${firing}<span class="hidden-text"> firing</span></span
                      >`
                    }
                  </a>
                </li>`,
            )}
          </ul>
        </div>`,
    )}
    <div class="side-end">
      <div class="row">
        <span class="row" role="status"
          ><${StateMark} state=${feedState} /><span>${feedWords}</span></span
        >
        <button class="link-button" type="button" onClick=${switchTheme}>
          ${theme === "dark" ? "Light" : "Dark"}
        </button>
      </div>
      <div class="row">
        <span>${session.name}</span>
        <button class="link-button" type="button" onClick=${logOut}>Log out</button>
      </div>
    </div>
  </nav>`;
}

/** The verdict on every page but the one that shows it large. */
function Strip() {
  const overview = useOverview();
  const { state, sentence } = verdictOf(overview, useFeedState());
  return html`<aside aria-label="Verdict">
    <a class="strip" href="/" data-state=${state}>
      <${StateMark} state=${state} /><span>${sentence}</span>
    </a>
  </aside>`;
}

function Content({ route, known }) {
  const [state, setState] = useState({ name: null, problem: null });
  const { page } = route;
  useEffect(() => {
    if (!known) return;
    let isWanted = true;
    loadPage(page).then(
      () => isWanted && setState({ name: page, problem: null }),
      (problem) => isWanted && setState({ name: page, problem }),
    );
    return () => (isWanted = false);
  }, [page, known]);
  if (!known)
    return html`<${Empty}
      heading
      title="There is no such page"
      action=${{ href: "/", text: "Home" }}
    >
      Nothing of the console is at this address.
    <//>`;
  const Page = loadedPage(page);
  if (Page) return html`<${Page} key=${page} path=${route.path} query=${route.query} />`;
  if (state.name === page && state.problem)
    return html`<${ProblemNote} problem=${state.problem} title="The page did not load" />`;
  return html`<p class="loading" role="status">Loading</p>`;
}

export function Shell({ logOut }) {
  const route = useRoute();
  const [isOpen, setOpen] = useState(false);
  const main = useRef(null);
  const known = pageOf(route.page);
  const where = `${route.page}/${route.path.join("/")}`;
  const at = urlOf([route.page, ...route.path], route.query);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = [...route.path.slice(0, 1), known?.title ?? "Not found", "Skerry"].join(" · ");
    setOpen(false);
    if (isFirst.current) isFirst.current = false;
    else {
      // Readers of the screen hear that another page is there, and the keyboard goes on in it.
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [where]);
  return html`<div class="shell">
    <a class="skip" href="#content">Skip to the page</a>
    <header class="top">
      <a class="brand" href="/"><img src="/mark.svg" alt="" />Skerry</a>
      <button
        class="button"
        type="button"
        aria-expanded=${isOpen}
        aria-controls="navigation"
        onClick=${() => setOpen(!isOpen)}
      >
        Menu
      </button>
    </header>
    <${Boundary} at=${at} brief>
      <${Navigation} page=${known?.under ?? route.page} isOpen=${isOpen} logOut=${logOut} />
    <//>
    <div class="body">
      ${route.page !== "home" && html`<${Boundary} at=${at} brief><${Strip} /><//>`}
      <main class="content" id="content" tabindex="-1" ref=${main}>
        <${Boundary} at=${at}><${Content} route=${route} known=${known} /><//>
      </main>
    </div>
    <${Toasts} /><${Keyboard} />
  </div>`;
}
