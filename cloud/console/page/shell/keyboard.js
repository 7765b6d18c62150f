// Keys that work on every page: g and a letter goes somewhere, / searches, ? lists them.
import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { Dialog } from "../kit/dialog.js";
import { NAVIGATION } from "./pages.js";
import { navigate } from "./router.js";

const SECOND_KEY_WITHIN_MS = 1_200;
const PAGES = NAVIGATION.flatMap(({ pages }) => pages);

const isTyping = ({ target }) =>
  target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);

export function Keyboard() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let firstMs = -Infinity;
    const press = (event) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.timeStamp - firstMs < SECOND_KEY_WITHIN_MS) {
        firstMs = -Infinity;
        const page = PAGES.find(({ key }) => key === event.key);
        if (page) navigate(page.href);
        return;
      }
      if (event.key === "g") firstMs = event.timeStamp;
      else if (event.key === "?") setOpen(true);
      else if (event.key === "/") {
        const search = document.querySelector("main input[type=search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return html`<${Dialog} title="Keys" open=${isOpen} onClose=${() => setOpen(false)}>
    <div class="keys">
      <span><kbd>/</kbd></span
      ><span>search on this page</span> <span><kbd>?</kbd></span
      ><span>this list</span>
      ${PAGES.map(
        ({ key, title }) =>
          html`<span key=${key}><kbd>g</kbd> <kbd>${key}</kbd></span
            ><span>${title}</span>`,
      )}
    </div>
  <//>`;
}
