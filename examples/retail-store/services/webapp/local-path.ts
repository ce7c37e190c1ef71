/** Where to go after logging in: only ever to a page of ours. Pure. */

/** Longer than any address of ours. */
const pathLengthMax = 500;

/** `next` if it is a path here, else `otherwise`. */
export function localPath(next: unknown, otherwise: string): string {
  if (typeof next !== "string" || next.length > pathLengthMax) return otherwise;
  // Browsers read `//host` and `/\host` as another host, and drop tabs and line ends before they look.
  if (!/^\/(?![/\\])[\u0021-\u005b\u005d-\u007e]*$/.test(next)) return otherwise;
  const url = new URL(next, nowhere);
  // `/.//host` names a path here, and another host once it has been shortened to `//host`.
  if (url.origin !== nowhere || url.pathname.startsWith("//")) return otherwise;
  return url.pathname + url.search;
}

const nowhere = "http://shop.invalid";
