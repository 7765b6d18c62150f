// One clock for all ages on the page.
import { useEffect, useState } from "/lib/hooks.js";

const listeners = new Set();
let timer = null;

function tick() {
  const nowMs = Date.now();
  for (const listener of listeners) listener(nowMs);
}

/** Epoch ms, anew each second. */
export function useNow() {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    listeners.add(setNow);
    timer ??= setInterval(tick, 1_000);
    return () => {
      listeners.delete(setNow);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = null;
    };
  }, []);
  return nowMs;
}
