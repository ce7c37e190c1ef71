/**
 * Load as people make it: visitors with a browser's manners, who walk an application's journeys again and again. This
 * is the contract with the module that `load:` of leeward.yaml names, and what a run answers. A module outside of this
 * repository writes down what it uses of `Visitor` itself: types fit by their shape.
 */

/** What such a module exports. */
export type LoadModule = {
  /** By name; the first is walked when nobody names one. */
  readonly profiles: Readonly<Record<string, Journey>>;
};

/** One visit, from the first page to the last. What it throws ends this visit, and the next begins. */
export type Journey = (visitor: Visitor) => Promise<void>;

/** One person with one browser: its own cookies, its own connections, one journey at a time. */
export interface Visitor {
  /** From 1. */
  readonly number: number;
  /** In [0, 1). The same visitor draws the same numbers in each run. */
  random(): number;
  /** One of them, drawn with `random`. There must be one. */
  pick<T>(items: readonly T[]): T;
  /** What follows is counted under this name, until the next one or the end of the journey. */
  step(name: string): void;
  /**
   * Follows redirects. An answer of 400 and more, or none, is counted as an error and thrown: a journey has no failure
   * to look for. When the time is up, a request that has not begun never does, and the journey is let go where it waits.
   */
  get(path: string, options?: RequestOptions): Promise<Page>;
  /** As a form of a page of the same site, redirects included. */
  post(path: string, form: Form, options?: RequestOptions): Promise<Page>;
  /** Reads the page before it goes on. */
  pause(ms: number): Promise<void>;
  /** From now on somebody else: no cookies. */
  forget(): void;
}

export type Form = Readonly<Record<string, string | number>>;

export type RequestOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses from 400 on that are no error here. */
  readonly expect?: readonly number[];
};

export type Page = {
  readonly status: number;
  /** After redirects, with its query. */
  readonly path: string;
  /** `name` in lower case; of several lines the first. */
  header(name: string): string | undefined;
  text(): string;
};

/**
 * `unusable`: an answer that no browser could use, as a redirect in a circle. `journey`: not the application but the
 * journey itself threw, for example since a page lacks what it looked for.
 */
export const errorKinds = [
  "4xx",
  "5xx",
  "connect",
  "reset",
  "time-out",
  "unusable",
  "journey",
] as const;

export type ErrorKind = (typeof errorKinds)[number];

/** Of requests that were answered, whatever the status; none: undefined. Within 1 % of the true value; `max` is exact. */
export type Latency = {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export type Figures = {
  /** Answered or failed. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  readonly latencyMs: Latency | undefined;
};

export type LoadResult = Figures & {
  readonly elapsedMs: number;
  readonly errorsByKind: readonly {
    readonly kind: ErrorKind;
    readonly count: number;
    /** The first few. */
    readonly messages: readonly string[];
  }[];
  /** By the Region that answered; requests without an answer belong to none. */
  readonly regions: readonly (Figures & { readonly region: string })[];
  /** In the order in which they were first taken. */
  readonly steps: readonly (Figures & { readonly step: string })[];
  readonly journeys: { readonly completed: number; readonly failed: number };
  /** Requests that had no answer yet when the run was over; they are counted nowhere else. */
  readonly unfinished: number;
};
