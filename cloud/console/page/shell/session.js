// Who is logged in, for every part of the page.
import { createContext } from "/lib/preact.js";
import { useContext } from "/lib/hooks.js";

export const SessionContext = createContext(null);

/** `{ name, role, untilMs }`. */
export const useSession = () => useContext(SessionContext);

/** True for an operator. A viewer is not shown what changes something. */
export const useIsOperator = () => useSession()?.role === "operator";

/** Its children for operators; nothing, or `otherwise`, for viewers. */
export function ForOperators({ children, otherwise = null }) {
  return useIsOperator() ? children : otherwise;
}
