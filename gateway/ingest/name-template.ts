// Templates of a mapping (pure): text with `{name}` and `{name|lower}` in it.
import { Misfit } from "./mapped-scope.ts";

/** The text that a name stands for; undefined if none does. */
type NameText = (name: string) => string | undefined | Misfit;

export type NameTemplate = (textOf: NameText) => string | Misfit;

/** A template that is known to be well formed. */
export function compileTemplate(template: string): NameTemplate {
  const parts = template.split(/(\{[^}]*\})/).filter((part) => part !== "");
  const pieces = parts.map((part): string | { name: string; isLower: boolean } => {
    if (!part.startsWith("{")) return part;
    const [name = "", transform] = part.slice(1, -1).split("|");
    return { name, isLower: transform === "lower" };
  });
  return (textOf) => {
    let text = "";
    for (const piece of pieces) {
      if (typeof piece === "string") text += piece;
      else {
        const found = textOf(piece.name);
        if (found instanceof Misfit) return found;
        if (found === undefined) return new Misfit(`nothing stands for {${piece.name}}`);
        text += piece.isLower ? found.toLowerCase() : found;
      }
    }
    return text;
  };
}
