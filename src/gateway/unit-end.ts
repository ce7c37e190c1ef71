/** How a unit of the extended protocol ends, by its bytes: with the client's Sync, a Sync of ours, or a Flush. */
import { frontend } from "../wire/postgres/message-types.ts";

/** A Sync, whole. A Flush is as long. */
export const syncBytes = 5;

/** In place of the last byte of a Sync that is ours: its length is 4, and the client's own says so. */
const ourMark = 5;

export const flushMessage = Buffer.from([frontend.flush, 0, 0, 0, 4]);

/** A Sync of ours where the client sent a Flush, until `unmark`. */
export const markedSync = Buffer.from([frontend.sync, 0, 0, 0, ourMark]);

export function isExtended(bytes: Buffer): boolean {
  return bytes[0] !== frontend.query && bytes[0] !== frontend.functionCall;
}

/** It ends with a Flush: the unit goes on. */
export function isOpenPart(bytes: Buffer): boolean {
  return isExtended(bytes) && bytes[bytes.length - syncBytes] === frontend.flush;
}

/** Makes the mark a length again, as a server has to see it. True: there was one, the client has sent no Sync. */
export function unmark(bytes: Buffer): boolean {
  if (bytes[bytes.length - 1] !== ourMark) return false;
  bytes[bytes.length - 1] = 4;
  return true;
}
