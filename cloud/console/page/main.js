import { html, render } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { ask, logInFromLink } from "./api.js";

function LogIn({ done }) {
  const [problem, setProblem] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await ask("POST", "/session", { token: new FormData(event.target).get("token") });
      done();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<form onSubmit=${submit}>
    <h1>Skerry</h1>
    <label>Token <input name="token" type="password" required autofocus /></label>
    <button>Log in</button>
    ${problem && html`<p role="alert">${problem}</p>`}
  </form>`;
}

function Overview() {
  const [overview, setOverview] = useState(null);
  useEffect(() => {
    const source = new EventSource("/api/v1/stream");
    source.addEventListener("overview", ({ data }) => setOverview(JSON.parse(data)));
    return () => source.close();
  }, []);
  return html`<h1>Skerry</h1>
    <pre id="overview">${overview === null ? "" : JSON.stringify(overview, null, 2)}</pre>`;
}

function Page() {
  const [session, setSession] = useState(undefined);
  const look = async () => setSession(await ask("GET", "/session").catch(() => null));
  useEffect(
    () =>
      void logInFromLink()
        .catch(() => undefined)
        .then(look),
    [],
  );
  if (session === undefined) return null;
  return session === null ? html`<${LogIn} done=${look} />` : html`<${Overview} />`;
}

render(html`<${Page} />`, document.getElementById("page"));
