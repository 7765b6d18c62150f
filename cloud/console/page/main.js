import { html, render } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { ask, logInFromLink } from "./api.js";
import { Boundary } from "./shell/boundary.js";
import { startFeed, stopFeed } from "./shell/feed.js";
import { LogIn } from "./shell/login.js";
import { SessionContext } from "./shell/session.js";
import { Shell } from "./shell/shell.js";

const USED_LINK =
  "This login link was used already, or is too old. Log in with a token, or print a new link: npx skerry console login";

function Console() {
  const [session, setSession] = useState(undefined);
  const [reason, setReason] = useState(null);
  const look = async () => {
    const found = await ask("GET", "/session").catch((error) =>
      // Only a refusal ends a session: a console that is away comes back.
      error.status === 401 ? null : undefined,
    );
    if (found !== undefined) setSession(found);
    else setSession((before) => before ?? null);
  };
  useEffect(() => {
    logInFromLink()
      .catch(() => setReason(USED_LINK))
      .then(look);
  }, []);
  useEffect(() => {
    if (!session) return undefined;
    startFeed(look);
    return stopFeed;
  }, [session?.name, session?.role]);
  const logOut = async () => {
    await ask("DELETE", "/session").catch(() => undefined);
    setReason(null);
    setSession(null);
  };
  if (session === undefined) return null;
  if (session === null) return html`<${LogIn} done=${look} reason=${reason} />`;
  return html`<${SessionContext.Provider} value=${session}><${Shell} logOut=${logOut} /><//>`;
}

render(html`<${Boundary} at="/"><${Console} /><//>`, document.getElementById("page"));
