/** Where a browser goes from an answer. Pure. */

export type Ask = {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  /** Of a form; undefined: none. */
  readonly body: string | undefined;
};

export type Redirect =
  | { readonly kind: "none" }
  | { readonly kind: "to"; readonly ask: Ask }
  /** No browser that stays at this site could follow it. */
  | { readonly kind: "astray"; readonly because: string };

/** 10: half of what browsers follow; whoever needs more goes in a circle. */
export const redirectsMax = 10;

const statuses = new Set([301, 302, 303, 307, 308]);

/** @param origin of the site, as `http://127.0.0.1:8080` */
export function redirectOf(
  ask: Ask,
  answer: { readonly status: number; readonly location: string | undefined },
  origin: string,
): Redirect {
  const { status, location } = answer;
  if (!statuses.has(status) || location === undefined) return { kind: "none" };
  const base = `${origin}${ask.path}`;
  if (!URL.canParse(location, base)) {
    return { kind: "astray", because: `leads to ${location}, which is no address` };
  }
  const url = new URL(location, base);
  if (url.origin !== origin) {
    return { kind: "astray", because: `leads away from the site, to ${url.origin}` };
  }
  const path = url.pathname + url.search;
  // 307 and 308 say that the same is to be asked elsewhere; after a form, the others lead to a page.
  if (status === 307 || status === 308) return { kind: "to", ask: { ...ask, path } };
  return { kind: "to", ask: { method: "GET", path, body: undefined } };
}
