/** One request and its answer, without streams: under load they are most of the work. */
import type { Dispatcher } from "undici";
import type { ErrorKind } from "./load.ts";

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
};

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** 8 MiB: far more than a page; what is longer is no page. */
const bodyBytesMax = 8 * 1_024 * 1_024;

/** Why there is no answer. */
export class NoAnswer extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** @throws NoAnswer */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new Collector(resolve, reject));
  });
}

class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: NoAnswer) => void;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #headers: Headers = {};
  #bytes = 0;

  constructor(resolve: (answer: Answer) => void, reject: (error: NoAnswer) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** undici asks for it: without it, it takes this for a handler of its old kind. */
  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#bytes > bodyBytesMax) {
      controller.abort(new NoAnswer("unusable", `an answer of more than ${bodyBytesMax} bytes`));
    }
  }

  onResponseEnd(): void {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error instanceof NoAnswer ? error : explain(error));
  }
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  ECONNREFUSED: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  ENOTFOUND: "connect",
  EADDRNOTAVAIL: "connect",
  EMFILE: "connect",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  UND_ERR_HEADERS_TIMEOUT: "time-out",
  UND_ERR_BODY_TIMEOUT: "time-out",
  ETIMEDOUT: "time-out",
  UND_ERR_INVALID_ARG: "unusable",
};

/** What the system or undici says, by its code. A parser that gave up has read what no browser could. */
export function explain(error: Error & { readonly code?: unknown }): NoAnswer {
  const code = String(error.code ?? "");
  const kind = kinds[code] ?? (code.startsWith("HPE_") ? "unusable" : "reset");
  return new NoAnswer(kind, error.message === "" ? code : error.message, { cause: error });
}
