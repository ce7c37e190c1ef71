/** Whether a gateway answers. A connection alone proves nothing: a link that is cut takes it as well. */
import { withDeadline } from "../env/deadline.ts";
import type { ByteSocket, ByteSockets } from "../env/byte-socket.ts";
import type { Clock } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { onAbort } from "../std/on-abort.ts";
import { sslRequest } from "../wire/postgres/startup-messages.ts";

export type ProbeDoors = { readonly clock: Clock; readonly sockets: ByteSockets };

/** Asks whether it speaks TLS, which every gateway answers with a byte, and takes any byte within `ms`. */
export async function answers(
  address: Address,
  ms: number,
  { clock, sockets }: ProbeDoors,
  signal: AbortSignal,
): Promise<boolean> {
  const expired = (): Error => new Error(`no byte within ${ms} ms`);
  try {
    return await withDeadline(clock, { ms, expired }, signal, async (within) => {
      const socket = await sockets.connect(address, ms, within);
      const byte = firstByte(socket, within);
      socket.write(sslRequest);
      return byte.finally(() => socket.destroy());
    });
  } catch {
    return false;
  }
}

function firstByte(socket: ByteSocket, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    onAbort(signal, () => resolve(false));
    socket.attach({
      data: () => resolve(true),
      drained: () => undefined,
      ended: () => resolve(false),
      closed: () => resolve(false),
    });
  });
}
