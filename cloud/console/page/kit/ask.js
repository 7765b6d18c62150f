// Questions to the API as components ask them.
import { useCallback, useEffect, useRef, useState } from "/lib/hooks.js";
import { ask } from "../api.js";

/**
 * The answer to `GET path`: `{ data, problem, loading, reload }`. A null path asks nothing. With `everyMs` it is asked
 * again for as long as the page is seen. What was there stays until the next answer, but not for another path.
 */
export function useAsk(path, { everyMs = null } = {}) {
  const [state, setState] = useState({ path: null, data: null, problem: null });
  const wanted = useRef(path);
  wanted.current = path;
  const reload = useCallback(async () => {
    if (path === null) return;
    const answer = await ask("GET", path).then(
      (data) => ({ path, data, problem: null }),
      (problem) => ({ path, data: null, problem }),
    );
    // A slow answer to an earlier question is nobody's any more.
    if (wanted.current === path) setState(answer);
  }, [path]);
  useEffect(() => {
    void reload();
    if (everyMs === null) return undefined;
    const timer = setInterval(() => !document.hidden && void reload(), everyMs);
    return () => clearInterval(timer);
  }, [reload, everyMs]);
  const isOwn = state.path === path;
  return {
    data: isOwn ? state.data : null,
    problem: isOwn ? state.problem : null,
    loading: path !== null && !isOwn,
    reload,
  };
}

/** The text once nobody has changed it for a while: questions as somebody types. */
export function useSettled(value, ms = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
