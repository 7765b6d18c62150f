import { messageOf } from "../../platform/runtime/errors.ts";

const TRIES = 5;

/** Asks again what was not answered in time: on a crowded machine that is no verdict. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES || !/TIMEOUT/i.test(messageOf(error))) throw error;
    }
}
