/** Which PostgreSQL was asked for an answer, and how long it took: said in headers, shown at the foot of each page. */

/** A visit to a PostgreSQL. */
export type Visit = { readonly address: string; readonly ms: number };

export type Visits = { readonly read: Visit | undefined; readonly wrote: Visit | undefined };

export const readHeader = "x-read-from";
export const wroteHeader = "x-wrote-to";
/** What the session has to see from now on: opaque, passed along. See `database.ts`. */
export const seenHeader = "x-seen";

/** `127.0.2.11;ms=1.2` */
export function formatVisit({ address, ms }: Visit): string {
  return `${address};ms=${ms.toFixed(1)}`;
}

/** Undefined for anything else than `formatVisit` writes. */
export function parseVisit(text: string | undefined): Visit | undefined {
  const [, address, ms] = /^([\w.:-]{1,64});ms=(\d{1,9}(?:\.\d)?)$/.exec(text ?? "") ?? [];
  return address === undefined ? undefined : { address, ms: Number(ms) };
}
