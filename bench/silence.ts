import type { Log } from "../src/env/env.ts";

/** The log of a part that is measured: nobody reads it. */
export const silence: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silence,
};
