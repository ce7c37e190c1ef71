/** The messages of a client that has logged in, by what becomes of them. */
import { frontend } from "../wire/postgres/message-types.ts";

/** Everything but COPY data, which are passed on as they come. */
export const whole: ReadonlySet<number> = new Set(
  Object.values(frontend).filter((type) => type !== frontend.copyData),
);

/** Of a unit that ends with Sync. */
export const extended: ReadonlySet<number> = new Set([
  frontend.parse,
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.close,
]);

/** Messages of units: they come in parts when they are large, so that memory grows with what has arrived. */
export const gathered: ReadonlySet<number> = new Set([
  frontend.query,
  frontend.parse,
  frontend.bind,
  frontend.functionCall,
]);
