/** A visitor as it is: connections, cookies and redirects as a browser has them; everything it asks is counted. */
import { Pool, type Dispatcher } from "undici";
import type { Clock } from "../env/env.ts";
import { CookieJar } from "./cookie-jar.ts";
import { Draws } from "./draws.ts";
import { exchange, explain, NoAnswer, type Answer } from "./exchange.ts";
import type { Flights } from "./flights.ts";
import type { Form, Page, RequestOptions, Visitor } from "./load.ts";
import { redirectOf, redirectsMax, type Ask, type Redirect } from "./redirect.ts";
import type { Sample, Tally, Trouble } from "./tally.ts";

/** What the visitors of one run have in common. */
export type Site = {
  /** As `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly flights: Flights;
  readonly startedMs: number;
  /** Aborts when the time is up: what has not begun by then never does. */
  readonly ending: AbortSignal;
};

/** It was counted already. */
export class RequestFailed extends Error {}

/** What a browser opens to one host. */
const connectionsMax = 6;

/** 30 s: a write that waits for a new writer is answered within 20 s, or refused. */
const answerTimeoutMs = 30_000;

/** 5 s: through the longest link a connection is there in less than 1 s. */
const connectTimeoutMs = 5_000;

/** Of requests before the first `step`. */
const firstStep = "visit";

const regionHeader = "x-leeward-region";

export class Browser implements Visitor {
  readonly number: number;
  readonly #site: Site;
  readonly #pool: Pool;
  readonly #draws: Draws;
  readonly #jar = new CookieJar();
  #step = firstStep;
  #asked = 0;

  constructor(number: number, site: Site) {
    this.number = number;
    this.#site = site;
    this.#draws = new Draws(number);
    this.#pool = new Pool(site.origin, {
      connections: connectionsMax,
      pipelining: 1,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connect: { timeout: connectTimeoutMs },
    });
  }

  /** How many requests it began. */
  get asked(): number {
    return this.#asked;
  }

  get stepName(): string {
    return this.#step;
  }

  random(): number {
    return this.#draws.next();
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error("There is nothing to pick from");
    return items[Math.floor(this.random() * items.length)] as T;
  }

  step(name: string): void {
    this.#step = name;
  }

  /** To the beginning of the next journey, which nobody has named yet. */
  startOver(): void {
    this.#step = firstStep;
  }

  get(path: string, options: RequestOptions = {}): Promise<Page> {
    return this.#start({ method: "GET", path, body: undefined }, options);
  }

  post(path: string, form: Form, options: RequestOptions = {}): Promise<Page> {
    const fields = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) fields.append(name, String(value));
    const body = fields.toString();
    return this.#start({ method: "POST", path, body }, options);
  }

  async pause(ms: number): Promise<void> {
    const { clock, ending } = this.#site;
    await clock.sleep(ms, ending).catch(letGo);
  }

  forget(): void {
    this.#jar.clear();
  }

  /** Cuts off what is under way. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** A journey that does not wait for it must not end the whole run when it fails: it was counted. */
  #start(ask: Ask, options: RequestOptions): Promise<Page> {
    const page = this.#visit(ask, options);
    page.catch(() => undefined);
    return page;
  }

  async #visit(first: Ask, options: RequestOptions): Promise<Page> {
    const { ending, flights } = this.#site;
    let ask = first;
    for (let hops = 0; ; hops += 1) {
      if (ending.aborted) return letGo();
      flights.begin();
      const { answer, redirect } = await this.#once(ask, options, hops).finally(() =>
        flights.end(),
      );
      if (redirect.kind !== "to") return pageOf(ask, answer);
      ({ ask } = redirect);
    }
  }

  /** One request, counted. @throws RequestFailed; always where `hops` are the most that there may be. */
  async #once(ask: Ask, options: RequestOptions, hops: number): Promise<Reply> {
    const { clock, origin } = this.#site;
    if (!ask.path.startsWith("/")) throw new Error(`"${ask.path}" does not begin with a slash`);
    const count = this.#counter();
    const answer = await this.#exchange(ask, options).catch((error: Error) =>
      error instanceof NoAnswer ? error : explain(error),
    );
    if (answer instanceof NoAnswer) {
      const message = `${ask.method} ${ask.path}: ${answer.message}`;
      count({ isAnswered: false, region: undefined, error: { kind: answer.kind, message } });
      throw new RequestFailed(message);
    }
    this.#keepCookies(answer, clock.wallMs());
    const location = textOf(answer, "location");
    const redirect = redirectOf(ask, { status: answer.status, location }, origin);
    const error = troubleOf(ask, { answer, redirect, hops }, options);
    count({ isAnswered: true, region: textOf(answer, regionHeader), error });
    if (error) throw new RequestFailed(error.message);
    return { answer, redirect };
  }

  /** Begins a request of the present step; what it answers is called once, at its end. */
  #counter(): (end: Pick<Sample, "region" | "error"> & { readonly isAnswered: boolean }) => void {
    const { clock, startedMs, tally } = this.#site;
    const step = this.#step;
    const beganMs = clock.monotonicMs();
    this.#asked += 1;
    return ({ isAnswered, region, error }) => {
      const endedMs = clock.monotonicMs();
      const ms = isAnswered ? endedMs - beganMs : undefined;
      tally.request({ atMs: endedMs - startedMs, step, region, ms, error });
    };
  }

  #exchange({ method, path, body }: Ask, options: RequestOptions): Promise<Answer> {
    const headers = ["accept", "text/html,*/*"];
    const cookies = this.#jar.header();
    if (cookies !== undefined) headers.push("cookie", cookies);
    if (method === "POST")
      headers.push("origin", this.#site.origin, "sec-fetch-site", "same-origin");
    if (body !== undefined) headers.push("content-type", "application/x-www-form-urlencoded");
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.push(name, value);
    const request: Dispatcher.DispatchOptions = { method, path, headers, body: body ?? null };
    return exchange(this.#pool, request);
  }

  #keepCookies({ headers }: Answer, nowWallMs: number): void {
    const lines = headers["set-cookie"];
    if (lines === undefined) return;
    for (const line of typeof lines === "string" ? [lines] : lines)
      this.#jar.store(line, nowWallMs);
  }
}

type Reply = { readonly answer: Answer; readonly redirect: Redirect };

/** Never settles: whoever waits for it is forgotten together with it. */
function letGo(): Promise<never> {
  return new Promise(() => undefined);
}

function textOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

function troubleOf(
  { method, path }: Ask,
  { answer, redirect, hops }: Reply & { readonly hops: number },
  { expect }: RequestOptions,
): Trouble | undefined {
  const { status } = answer;
  const what = `${method} ${path}`;
  if (redirect.kind === "astray") {
    return { kind: "unusable", message: `${what} ${redirect.because}` };
  }
  if (redirect.kind === "to" && hops >= redirectsMax) {
    return {
      kind: "unusable",
      message: `${what} is the end of ${redirectsMax} redirects, and one more`,
    };
  }
  if (status < 400 || expect?.includes(status)) return undefined;
  return { kind: status < 500 ? "4xx" : "5xx", message: `${what} answered ${status}` };
}

function pageOf({ path }: Ask, answer: Answer): Page {
  return {
    status: answer.status,
    path,
    header: (name) => textOf(answer, name),
    text: () => answer.body.toString("utf8"),
  };
}
