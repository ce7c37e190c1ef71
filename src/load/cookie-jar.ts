/**
 * The cookies of one visitor at one site. Domain and Path are not looked at: a visitor asks a single site, whose
 * cookies are for all of it. Pure but for its own state.
 */

/** 50 cookies: what a browser keeps for a site at least (RFC 6265, 6.1). The oldest goes first. */
const cookiesMax = 50;

export class CookieJar {
  readonly #cookies = new Map<string, string>();
  #header: string | undefined;

  /** One `Set-Cookie` line. One that makes no sense is ignored, as a browser does. */
  store(line: string, nowWallMs: number): void {
    const [pair = "", ...attributes] = line.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, at)).trim();
    if (name === "") return;
    this.#header = undefined;
    // What is set anew counts as the newest.
    this.#cookies.delete(name);
    if (isOver(attributes, nowWallMs)) return;
    this.#cookies.set(name, pair.slice(at + 1).trim());
    const [oldest] = this.#cookies.keys();
    if (this.#cookies.size > cookiesMax && oldest !== undefined) this.#cookies.delete(oldest);
  }

  /** Of the next request; undefined: there are none. */
  header(): string | undefined {
    if (this.#cookies.size === 0) return undefined;
    this.#header ??= [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return this.#header;
  }

  clear(): void {
    this.#cookies.clear();
    this.#header = undefined;
  }
}

/** Max-Age goes before Expires. A cookie that ends later than now is kept: no visit lasts that long. */
function isOver(attributes: readonly string[], nowWallMs: number): boolean {
  const maxAge = valueOf(attributes, "max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expires = valueOf(attributes, "expires");
  // oxlint-disable-next-line no-restricted-globals -- reads a text, and asks no clock.
  return expires !== undefined && Date.parse(expires) <= nowWallMs;
}

function valueOf(attributes: readonly string[], wanted: string): string | undefined {
  const found = attributes.findLast((one) => one.split("=", 1)[0]?.trim().toLowerCase() === wanted);
  return found?.slice(found.indexOf("=") + 1).trim();
}
