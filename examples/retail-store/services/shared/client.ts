/** One service asks another of its Region, at the address that Leeward gave it. */
import { Pool, type Dispatcher } from "undici";
import { Refusal, Unavailable } from "./refusal.ts";
import { parseVisit, readHeader, seenHeader, wroteHeader, type Visits } from "./servers.ts";

/** More wait in line: the other side has only so many hands. */
const connectionsMax = 64;

/** 22 s: longer than the other side waits for a writer that moves. */
const answerMsMax = 22_000;

export type Answer<T> = Visits & {
  readonly body: T;
  /** What the session has to see from now on. */
  readonly seen: string | undefined;
};

export type CallOptions = {
  readonly body?: unknown;
  readonly seen?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Another service. `T` is what the caller knows of its answers: both are of one release. */
export interface ServiceClient {
  /**
   * @throws Refusal what the other side refuses, with its words
   * @throws Unavailable when there is no answer, or none that helps
   */
  call<T>(method: Method, path: string, options?: CallOptions): Promise<Answer<T>>;
  /** Bytes as they are, for pictures. */
  raw(path: string, headers: Readonly<Record<string, string>>): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** `name` is for messages, `url` as in `PRODUCT_URL`. */
export function serviceClient(name: string, url: string): ServiceClient {
  const pool = new Pool(url, {
    connections: connectionsMax,
    headersTimeout: answerMsMax,
    bodyTimeout: answerMsMax,
    connectTimeout: 2_000,
  });
  const send = (
    method: Method,
    path: string,
    options: CallOptions,
  ): Promise<Dispatcher.ResponseData> =>
    pool.request({
      method,
      path,
      headers: {
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...(options.seen === undefined ? {} : { [seenHeader]: options.seen }),
        ...options.headers,
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
    });
  return {
    call: async <T>(method: Method, path: string, options: CallOptions = {}) => {
      const answer = await send(method, path, options)
        // A connection that was kept may be broken without our knowing. What may be repeated is, once.
        .catch((error: unknown) => {
          if (method === "GET" && !isLate(error)) return send(method, path, options);
          throw error;
        })
        .catch((cause: unknown) => {
          throw new Unavailable(`The ${name} service does not answer. Please try again.`, {
            cause,
          });
        });
      return readAnswer<T>(name, answer);
    },
    raw: (path, headers) => pool.request({ method: "GET", path, headers }),
    close: () => pool.close(),
  };
}

/** Who was waited for in vain is not waited for once more: the caller has no time left. */
function isLate(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "UND_ERR_HEADERS_TIMEOUT";
}

async function readAnswer<T>(name: string, answer: Dispatcher.ResponseData): Promise<Answer<T>> {
  const { statusCode, headers } = answer;
  const body = (await answer.body.json().catch(() => undefined)) as
    | (T & { readonly error?: { readonly code: string; readonly message: string } })
    | undefined;
  if (statusCode >= 400 && statusCode < 500) {
    const { code = "refused", message = `The ${name} service refused this.` } = body?.error ?? {};
    throw new Refusal(statusCode, code, message);
  }
  if (statusCode >= 500 || body === undefined) {
    throw new Unavailable(`The ${name} service has trouble (${statusCode}). Please try again.`);
  }
  const said = (header: string): string | undefined => {
    const value = headers[header];
    return typeof value === "string" ? value : undefined;
  };
  return {
    body,
    seen: said(seenHeader),
    read: parseVisit(said(readHeader)),
    wrote: parseVisit(said(wroteHeader)),
  };
}
