/**
 * The name of a source file as it runs here: a checkout runs TypeScript, and an installed package the JavaScript that
 * was made of it, because Node strips no types below node_modules.
 */
export const asRun = (path: string): string =>
  import.meta.filename.endsWith(".js") ? path.replace(/\.ts$/, ".js") : path;
