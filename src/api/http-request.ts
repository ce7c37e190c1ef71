/**
 * One HTTP request on Node's own client. The CLI asks two or three questions and ends; this module takes 4 ms to
 * load where a general client takes 90.
 */
import { request as send, type Agent, type IncomingMessage } from "node:http";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";

/** 4 MiB: a page of 1000 events with all their details has some 500 KiB. */
const bodyMaxBytes = 4 * 1024 * 1024;

export type HttpRequest = {
  readonly to: Address;
  readonly agent: Agent;
  readonly method: "GET" | "PATCH" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Without a byte for this long the connection counts as dead. */
  readonly silenceMaxMs: number;
};

/**
 * Settles with the head of the answer; its body is still to be read.
 * @throws Failure `world.not-running` when nobody listens, `network.unreachable` when the answer does not come
 */
export function request(what: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { to, agent, method, path, headers, body, silenceMaxMs } = what;
  return new Promise((resolve, reject) => {
    const { host, port } = to;
    const asked = send({ host, port, agent, method, path, headers, signal, timeout: silenceMaxMs });
    asked.on("timeout", () => asked.destroy(new Error(`no answer for ${silenceMaxMs} ms`)));
    asked.on("error", (cause) => reject(unreachable(what, cause, signal)));
    asked.on("response", resolve);
    asked.end(body);
  });
}

function unreachable(
  { to, method, path }: HttpRequest,
  cause: NodeJS.ErrnoException,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (cause.code === "ECONNREFUSED") {
    const message = `No controller listens on ${formatAddress(to)}`;
    return new Failure("world.not-running", message, { cause });
  }
  return new Failure("network.unreachable", `${method} ${path} had no answer`, { cause });
}

/** @throws Failure `network.unreachable` when the connection ends too early */
export async function readBody(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > bodyMaxBytes) throw new Error(`it is longer than ${bodyMaxBytes} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    throw new Failure("network.unreachable", "The controller's answer could not be read", { cause });
  }
  return Buffer.concat(parts).toString("utf8");
}
