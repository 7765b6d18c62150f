// The server's opinion of a rule, asked for a moment after the last key.
import { useEffect, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { useSettled } from "../kit/ask.js";

/** `{ isValid, problems: [{ at, message }], condition }`; null until it is known of this very rule. */
export function useCheck(rule) {
  const text = JSON.stringify(rule);
  const settled = useSettled(text);
  const [check, setCheck] = useState({ text: null, answer: null });
  useEffect(() => {
    let isWanted = true;
    ask("POST", "/rules/check", JSON.parse(settled))
      .catch(({ message }) => ({ isValid: false, problems: [{ at: "", message }] }))
      .then((answer) => isWanted && setCheck({ text: settled, answer }));
    return () => (isWanted = false);
  }, [settled]);
  return check.text === text ? check.answer : null;
}
