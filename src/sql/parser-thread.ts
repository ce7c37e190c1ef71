/**
 * Asks the parser thread about one text after the other. A text that it does not survive, or that takes too long, is
 * given up, and the next one finds a new thread.
 */
import type { Worker } from "node:worker_threads";
import type { Clock, Log } from "../env/env.ts";
import { startThreadBeside } from "../env/node/thread.ts";
import type { ParserMessage } from "./parser-messages.ts";
import { type TextUses, unread } from "./text-uses.ts";

/** `isFinal`: asked again, it would be the same. */
export type Parsed = { readonly uses: TextUses; readonly isFinal: boolean };

/** The longest text takes 50 ms; what takes longer hangs. Loading the grammar in a new thread is some 200 ms of it. */
const TEXT_MS_MAX = 5000;

/** Some 50 ms of work for the thread. A client whose text waits any longer is better served by the writer at once. */
const WAITING_MAX = 1000;
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** A thread that cannot even start is not started for every text. */
const REST_MS = 5000;

/** The tree of the longest text takes some 50 MB as JSON and objects. */
const HEAP_MB_MAX = 256;

type Waiting = { readonly text: string; readonly settle: (parsed: Parsed) => void };

export class ParserThread {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #startWorker: () => Worker;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isWorking = false;
  #worker: Worker | undefined;
  #isReady = false;
  /** Answers the question that is open, if there is one. */
  #settle: (answer: Answer) => void = () => undefined;
  #restUntilMs = 0;
  /** Aborts when the question that is open has been answered, or nobody wants to know any more. */
  #over = new AbortController();
  #isClosed = false;

  constructor(clock: Clock, log: Log, startWorker: () => Worker = startParser) {
    this.#clock = clock;
    this.#log = log;
    this.#startWorker = startWorker;
  }

  /** Never rejects. */
  parse(text: string): Promise<Parsed> {
    if (this.#isClosed) return Promise.resolve(notAsked("the gateway ends"));
    if (this.#clock.monotonicMs() < this.#restUntilMs) {
      return Promise.resolve(notAsked("the parser cannot be started"));
    }
    const isFull = this.#waitingBytes + text.length > WAITING_BYTES_MAX;
    if (isFull || this.#waiting.length >= WAITING_MAX) {
      return Promise.resolve(notAsked("too many texts wait for the parser"));
    }
    this.#waitingBytes += text.length;
    return new Promise((settle) => {
      this.#waiting.push({ text, settle });
      if (!this.#isWorking) void this.#work();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#over.abort(new Error("the statement book was closed"));
    await this.#stop();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.text.length;
      next.settle(await this.#ask(next.text));
    }
    this.#isWorking = false;
  }

  async #ask(text: string): Promise<Parsed> {
    if (this.#isClosed) return notAsked("the gateway ends");
    if (this.#clock.monotonicMs() < this.#restUntilMs) return notAsked("the parser rests");
    try {
      const message = await this.#answerTo(text);
      if (message.kind === "read") return { uses: message.uses, isFinal: true };
      if (message.kind === "refused") return { uses: unread(message.because), isFinal: true };
      return await this.#giveUp(message.because);
    } catch (cause) {
      return await this.#giveUp(String(cause));
    } finally {
      this.#over.abort();
    }
  }

  #answerTo(text: string): Promise<Answer> {
    const worker = this.#worker ?? this.#start();
    this.#over = new AbortController();
    const late = this.#clock.sleep(TEXT_MS_MAX, this.#over.signal).then(
      (): Death => ({ kind: "died", because: `it took more than ${TEXT_MS_MAX} ms` }),
      (): Death => ({ kind: "died", because: "the gateway ends" }),
    );
    const answer = new Promise<Answer>((resolve) => {
      this.#settle = resolve;
    });
    worker.postMessage({ text });
    return Promise.race([answer, late]);
  }

  #start(): Worker {
    this.#isReady = false;
    const worker = this.#startWorker();
    // What it died of comes as its exit as well; without a listener it would end the gateway.
    worker.on("error", (error) => this.#log.warn("sql.parser-died", { because: error.message }));
    worker.on("message", (message: ParserMessage) => {
      if (worker !== this.#worker) return;
      if (message.kind === "ready") this.#isReady = true;
      else this.#settle(message);
    });
    worker.on("exit", (code) => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      this.#settle({ kind: "died", because: `its thread ended with code ${code}` });
    });
    this.#worker = worker;
    return worker;
  }

  async #giveUp(because: string): Promise<Parsed> {
    const isFinal = this.#isReady;
    await this.#stop();
    if (this.#isClosed) return notAsked("the gateway ends");
    if (!isFinal) {
      this.#restUntilMs = this.#clock.monotonicMs() + REST_MS;
      this.#log.error("sql.parser-not-started", { because, restMs: REST_MS });
    }
    return { uses: unread(`its parser died of it: ${because}`), isFinal };
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function startParser(): Worker {
  return startThreadBeside(import.meta.url, "parser-worker", {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
}

function notAsked(because: string): Parsed {
  return { uses: unread(because), isFinal: false };
}

type Death = { readonly kind: "died"; readonly because: string };
type Answer = Exclude<ParserMessage, { kind: "ready" }> | Death;
