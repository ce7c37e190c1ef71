/** One look at an endpoint: a request for its path, or a mere connection. */
import { connect } from "node:net";
import { Client, type Dispatcher } from "undici";
import { formatAddress, type Address } from "../model/address.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { HealthCheck } from "../model/service.ts";
import { onAbort } from "../std/on-abort.ts";
import { withDeadline } from "../env/deadline.ts";
import type { EdgeParts } from "./edge.ts";
import type { ProbeAnswer } from "./health-state.ts";

export type ProbeTarget = {
  readonly address: Address;
  /** Answered with 200 to 399; undefined: a connection is enough. */
  readonly path: string | undefined;
  readonly from: string | undefined;
};

/**
 * Each time over a new connection: that one can be made is part of what is asked. Never throws but when `signal` aborts;
 * an answer that is not complete within the time, or is cut at the bound, counts by what it said until then.
 */
export async function probe(
  doors: EdgeParts,
  target: ProbeTarget,
  { timeoutMs }: Pick<HealthCheck, "timeoutMs">,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const deadline = {
    ms: timeoutMs,
    expired: () => new Failure("network.unreachable", `no answer within ${timeoutMs} ms`),
  };
  const look = (limited: AbortSignal): Promise<ProbeAnswer> =>
    target.path === undefined
      ? lookForDoor(target, limited)
      : lookAtPath(target, target.path, doors.limits.probeBytesMax, limited);
  try {
    return await withDeadline(doors.clock, deadline, signal, look);
  } catch (error) {
    signal.throwIfAborted();
    return { isGood: false, because: describeError(error) };
  }
}

function lookForDoor({ address, from }: ProbeTarget, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, ...(from === undefined ? {} : { localAddress: from }) });
    const forget = onAbort(signal, () => socket.destroy(signal.reason as Error));
    socket.once("connect", () => {
      resolve({ isGood: true, because: "it accepts connections" });
      socket.destroy();
    });
    socket.once("error", reject).once("close", forget);
  });
}

async function lookAtPath(
  { address, from }: ProbeTarget,
  path: string,
  bytesMax: number,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const client = new Client(`http://${formatAddress(address)}`, {
    pipelining: 1,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  const cut = onAbort(signal, () => void client.destroy(signal.reason as Error));
  try {
    return await new Promise((resolve, reject) => {
      const headers = ["user-agent", "leeward-health", "accept", "application/json, */*"];
      const handler = new ProbeReader(bytesMax, resolve, reject);
      client.dispatch({ method: "GET", path, headers, reset: true }, handler);
    });
  } finally {
    cut();
    void client.destroy().catch(() => undefined);
  }
}

class ProbeReader implements Dispatcher.DispatchHandler {
  readonly #bytesMax: number;
  readonly #resolve: (answer: ProbeAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #status = 0;

  constructor(
    bytesMax: number,
    resolve: (answer: ProbeAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#bytesMax) return void this.#pieces.push(chunk);
    this.#resolve(this.#judge(`; its answer was cut after ${this.#bytesMax} bytes`));
    controller.abort(new Failure("network.unreachable", "the answer to a check is too long"));
  }

  onResponseEnd(): void {
    this.#resolve(this.#judge(""));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }

  #judge(more: string): ProbeAnswer {
    const isGood = this.#status >= 200 && this.#status < 400;
    const said = isGood ? "" : reasonIn(Buffer.concat(this.#pieces).toString("utf8"));
    return { isGood, because: `it answers ${this.#status}${said}${more}` };
  }
}

/** 200 characters of a reason are enough for a line of status. */
const reasonCharsMax = 200;

/** What another edge, or an application that says as much, gives as its reason. */
function reasonIn(text: string): string {
  try {
    const { because } = JSON.parse(text) as { readonly because?: unknown };
    return typeof because === "string" ? `: ${because.slice(0, reasonCharsMax)}` : "";
  } catch {
    return "";
  }
}
