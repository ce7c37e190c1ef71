/** One look at an endpoint: a request for its path, or a mere connection. */
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Address } from "../model/address.ts";
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
 * an answer that is cut at the bound counts by what it said until then.
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

function lookAtPath(
  { address, from }: ProbeTarget,
  path: string,
  bytesMax: number,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    // Node's own client: to make and end one of undici's for a single request costs three times as much.
    const request = get({
      ...address,
      path,
      headers,
      agent: false,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    const forget = onAbort(signal, () => request.destroy());
    request.once("close", forget).on("error", reject);
    request.once("response", (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes <= bytesMax) return void pieces.push(piece);
        resolve(judge(response, pieces, `; its answer was cut after ${bytesMax} bytes`));
        request.destroy();
      });
      response.once("end", () => resolve(judge(response, pieces, ""))).on("error", reject);
    });
  });
}

const headers = { "user-agent": "leeward-health", accept: "application/json, */*" };

function judge(
  { statusCode = 0 }: IncomingMessage,
  pieces: readonly Buffer[],
  more: string,
): ProbeAnswer {
  const isGood = statusCode >= 200 && statusCode < 400;
  const said = isGood ? "" : reasonIn(Buffer.concat(pieces).toString("utf8"));
  return { isGood, because: `it answers ${statusCode}${said}${more}` };
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
