// Text in a cell of CSV (pure), which a spreadsheet opens: what it would take for a formula is marked as text.

/** The beginnings that a spreadsheet takes for a formula, also behind spaces and in full width; and marks of before. */
const FORMULA = /^'*(?:\s*[=+@\-＝＋－＠]|[\t\r\n])/;

const marked = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** The text as a quoted cell, marked with `'` if a spreadsheet would calculate it. */
export const csvText = (text: string): string => `"${marked(text).replaceAll('"', '""')}"`;

/** The same, quoted only if need be. */
export const csvCell = (text: string): string =>
  /^[\w .:/-]*$/.test(marked(text)) ? marked(text) : csvText(text);

/** The text of a cell that {@link csvCell} wrote, read from CSV. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
