/** Answers of the distribution that are kept in memory: bounded, oldest use first to go. */
import type { EdgeLimits } from "./limits.ts";

export type KeptAnswer = {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** On the monotonic clock. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Invalidations before it was kept. */
  readonly generation: number;
};

type Bounds = Pick<EdgeLimits, "keptBytesMax" | "keptAnswerBytesMax">;

/** What one costs besides its body, its head and its key: its place. */
const overheadBytes = 1_024;

export class KeptAnswers {
  readonly #bounds: Bounds;
  /** The one that was used longest ago first. */
  readonly #answers = new Map<string, KeptAnswer>();
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  find(key: string, generation: number, nowMs: number): KeptAnswer | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    this.#remove(key, answer);
    if (answer.generation < generation || answer.untilMs <= nowMs) return undefined;
    this.#add(key, answer);
    return answer;
  }

  keep(key: string, answer: KeptAnswer): void {
    if (sizeOf(key, answer) > this.#bounds.keptAnswerBytesMax) return;
    const earlier = this.#answers.get(key);
    if (earlier !== undefined) this.#remove(key, earlier);
    this.#add(key, answer);
    for (const [oldest, its] of this.#answers) {
      if (this.#bytes <= this.#bounds.keptBytesMax) return;
      this.#remove(oldest, its);
    }
  }

  #add(key: string, answer: KeptAnswer): void {
    this.#answers.set(key, answer);
    this.#bytes += sizeOf(key, answer);
  }

  #remove(key: string, answer: KeptAnswer): void {
    this.#answers.delete(key);
    this.#bytes -= sizeOf(key, answer);
  }
}

/** The key is the client's, and may be as long as a header. */
function sizeOf(key: string, { headers, body }: KeptAnswer): number {
  const head = headers.reduce((sum, field) => sum + field.length, 0);
  return key.length + head + body.length + overheadBytes;
}

type Fields = readonly string[];

/** Whether an answer to this request may be kept, and may be one that was kept: it says nothing about who asks. */
export function isKeepable(method: string, requestHeaders: Fields): boolean {
  const isPersonal = ["authorization", "cookie", "range"].some(
    (name) => valueOf(requestHeaders, name) !== undefined,
  );
  const isRead = method === "GET";
  return isRead && !isPersonal && !/no-cache|no-store/i.test(cacheControl(requestHeaders));
}

/** How long in ms; 0: not at all. @param keepMs for an answer that says nothing of its age */
export function keepForMs(status: number, headers: Fields, keepMs: number): number {
  const isPlain = ["set-cookie", "vary"].every((name) => valueOf(headers, name) === undefined);
  const control = cacheControl(headers);
  if (status !== 200 || !isPlain || /private|no-store|no-cache/i.test(control)) return 0;
  const [, shared] = /s-maxage=(\d{1,9})/i.exec(control) ?? [];
  const [, own] = /max-age=(\d{1,9})/i.exec(control) ?? [];
  const seconds = shared ?? own;
  return seconds === undefined ? keepMs : Number(seconds) * 1_000;
}

const cacheControl = (headers: Fields): string => valueOf(headers, "cache-control") ?? "";

function valueOf(headers: Fields, name: string): string | undefined {
  const values = headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
  return values.length === 0 ? undefined : values.join(", ");
}
