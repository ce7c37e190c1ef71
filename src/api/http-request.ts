/**
 * HTTP on Node's own client. The CLI asks two or three questions and ends; this module takes 4 ms to load where a
 * general client takes 90.
 */
import { Agent, request, type IncomingMessage } from "node:http";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";

/** 4 MiB: a page of 1000 events with all their details has some 500 KiB. */
const bodyMaxBytes = 4 * 1024 * 1024;

export type HttpMethod = "DELETE" | "GET" | "PATCH" | "POST" | "PUT";

export type HttpQuestion = {
  readonly method: HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Without a byte for this long the connection counts as dead. */
  readonly silenceMaxMs: number;
};

export type HttpAnswer = { readonly status: number; readonly body: IncomingMessage };

/** The other side, and the connections to it. */
export class HttpPeer {
  readonly #address: Address;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(address: Address) {
    this.#address = address;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Settles with the head of the answer; its body is still to be read.
   * @throws Failure `world.not-running` when nobody listens, `network.unreachable` when the answer does not come
   */
  ask(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const { silenceMaxMs, body, ...what } = question;
    const to = { ...this.#address, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const asked = request({ ...to, ...what, signal, timeout: silenceMaxMs });
      asked.on("timeout", () => asked.destroy(new Error(`no answer for ${silenceMaxMs} ms`)));
      asked.on("error", (cause) => reject(this.#failure(question, cause, signal)));
      asked.on("response", (answer) => resolve({ status: answer.statusCode ?? 0, body: answer }));
      asked.end(body);
    });
  }

  #failure(
    { method, path }: HttpQuestion,
    cause: NodeJS.ErrnoException,
    signal: AbortSignal,
  ): unknown {
    if (signal.aborted) return signal.reason;
    if (cause.code === "ECONNREFUSED") {
      const message = `No controller listens on ${formatAddress(this.#address)}`;
      return new Failure("world.not-running", message, { cause });
    }
    return new Failure("network.unreachable", `${method} ${path} had no answer`, { cause });
  }
}

/** @throws Failure `network.unreachable` when the connection ends too early */
export async function readBody({ body }: HttpAnswer): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > bodyMaxBytes) throw new Error(`it is longer than ${bodyMaxBytes} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    throw new Failure("network.unreachable", "The controller's answer could not be read", {
      cause,
    });
  }
  return Buffer.concat(parts).toString("utf8");
}
