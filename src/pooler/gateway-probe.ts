/** Whether a gateway is there. A connection alone says nothing: a link's near end accepts it for a gateway that is gone. */
import { Socket } from "node:net";
import type { Clock } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { onAbort } from "../std/on-abort.ts";

/** PostgreSQL's question for TLS, which is answered by one byte, before any login. */
const sslRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/** 1 s: two round trips of the longest links (0.3 s), and time for a gateway that is busy. */
export const probeMsMax = 1_000;

/** Answers at the latest after `probeMsMax`; false as soon as the connection is refused, and when `signal` aborts. */
export async function answers(
  address: Address,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false;
  const socket = new Socket();
  const over = new AbortController();
  const answered = new Promise<boolean>((resolve) => {
    const settle = (isThere: boolean) => () => resolve(isThere);
    socket.once("data", settle(true)).once("error", settle(false)).once("close", settle(false));
    socket.connect(address.port, address.host, () => socket.write(sslRequest));
  });
  const tooLate = clock.sleep(probeMsMax, over.signal).then(
    () => false,
    () => false,
  );
  const forget = onAbort(signal, () => over.abort(signal.reason));
  try {
    return await Promise.race([answered, tooLate]);
  } finally {
    forget();
    over.abort(new Error("the probe is over"));
    socket.destroy();
  }
}
