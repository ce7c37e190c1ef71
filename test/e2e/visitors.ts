/** People at an entry: they ask without a pause, and what went wrong for them is counted. */
import { Agent, request, type IncomingHttpHeaders } from "node:http";

export type Visit = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** 30 s: far longer than anything here takes; then it counts as lost. */
const visitMsMax = 30_000;

export type VisitOptions = {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
};

/** One request, whatever its answer. @throws when there is none */
export function visit(url: string, options: VisitOptions = {}): Promise<Visit> {
  const { method = "GET", headers = {}, body, agent } = options;
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent, timeout: visitMsMax }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const { statusCode: status = 0, headers: answered } = answer;
        resolve({ status, headers: answered, body: Buffer.concat(chunks).toString() });
      });
    });
    asking.on("timeout", () => asking.destroy(new Error(`no answer in ${visitMsMax} ms`)));
    asking.on("error", reject);
    asking.end(body);
  });
}

/** A note, as the form of the example sends it. */
export function note(text: string, key: string): VisitOptions {
  return {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ text, key }).toString(),
  };
}

export type Visited = {
  readonly good: number;
  /** What each bad one met, with the ms since the start. */
  readonly bad: readonly string[];
  /** The longest time without a good answer, in ms. */
  readonly gapMs: number;
  readonly regions: ReadonlySet<string>;
};

export class Visitors {
  readonly #url: string;
  readonly #of: (index: number) => VisitOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #startedMs = performance.now();
  readonly #running: Promise<unknown>;
  #isOver = false;
  #good = 0;
  #count = 0;
  #lastGoodMs = performance.now();
  #gapMs = 0;
  #bad: string[] = [];
  #regions = new Set<string>();

  /** `clients` of them ask at once; `of` says what the `index`-th request is. */
  constructor(url: string, clients: number, of: (index: number) => VisitOptions = () => ({})) {
    this.#url = url;
    this.#of = of;
    this.#running = Promise.all(Array.from({ length: clients }, () => this.#goOn()));
  }

  get good(): number {
    return this.#good;
  }

  /** Nobody comes any more; what is under way ends first. */
  async end(): Promise<Visited> {
    this.#isOver = true;
    await this.#running;
    this.#agent.destroy();
    const gapMs = Math.round(this.#gapMs);
    return { good: this.#good, bad: this.#bad, gapMs, regions: this.#regions };
  }

  async #goOn(): Promise<void> {
    while (!this.#isOver) {
      const index = (this.#count += 1);
      const told = await visit(this.#url, { agent: this.#agent, ...this.#of(index) }).catch(
        (error: unknown) => error as Error,
      );
      this.#note(told);
    }
  }

  #note(told: Visit | Error): void {
    const nowMs = performance.now();
    if (!(told instanceof Error) && told.status < 400) {
      this.#good += 1;
      this.#gapMs = Math.max(this.#gapMs, nowMs - this.#lastGoodMs);
      this.#lastGoodMs = nowMs;
      this.#regions.add(String(told.headers["x-leeward-region"]));
      return;
    }
    const what = told instanceof Error ? told.message : `${told.status} ${told.body}`;
    this.#bad.push(`${Math.round(nowMs - this.#startedMs)} ms: ${what}`);
  }
}
