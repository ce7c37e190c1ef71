/** Asks one replica whether it is well. */
import { get } from "node:http";
import { connect } from "node:net";
import { withDeadline } from "../env/deadline.ts";
import type { Clock } from "../env/env.ts";
import { describeError } from "../model/failure.ts";
import { formatAddress, type Address } from "../model/address.ts";
import type { HealthCheck } from "../model/service.ts";
import { onAbort } from "../std/on-abort.ts";
import type { Answer } from "./replica-decide.ts";

/** 64 KiB: what a health check has to say is short, and what is longer is not waited for. */
export const answerBytesMax = 64 * 1024;

/** Never rejects: no answer within `timeoutMs`, or none because `signal` aborts, is a bad one. */
export async function checkHealth(
  { host, port }: Address,
  { path, timeoutMs }: HealthCheck,
  clock: Clock,
  signal: AbortSignal,
): Promise<Answer> {
  const deadline = { ms: timeoutMs, expired: () => new Error(`no answer within ${timeoutMs} ms`) };
  try {
    return await withDeadline(clock, deadline, signal, (over) =>
      path === undefined
        ? tryToConnect({ host, port }, over)
        : tryToGet({ host, port }, path, over),
    );
  } catch (error) {
    return { isGood: false, because: describeError(error).slice(0, 200) };
  }
}

function tryToConnect({ host, port }: Address, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const forget = onAbort(signal, () => socket.destroy());
    socket.on("close", forget).on("error", reject);
    socket.once("connect", () => {
      resolve({ isGood: true, because: `${formatAddress({ host, port })} accepts connections` });
      socket.destroy();
    });
  });
}

/** The whole answer has to come, as far as it is read at all: one that hangs half-way is none. */
function tryToGet({ host, port }: Address, path: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { connection: "close", "user-agent": "leeward-health" };
    const request = get({ host, port, path, agent: false, headers }, (response) => {
      const status = response.statusCode ?? 0;
      const isGood = status >= 200 && status < 400;
      const answer = { isGood, because: `GET ${path} is answered with ${status}` };
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes <= answerBytesMax) return;
        resolve(answer);
        request.destroy();
      });
      response.once("end", () => resolve(answer)).on("error", reject);
    });
    const forget = onAbort(signal, () => request.destroy());
    request.on("close", forget).on("error", reject);
  });
}
