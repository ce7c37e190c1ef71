/**
 * `global/pg_control`: which database system the data belong to, and how far they had come. There is no
 * `pg_controldata` in the npm packages of PostgreSQL, so the file is read as its C structure lies on disk.
 */
import type { Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import { crc32c } from "./crc32c.ts";
import type { DataEnd } from "./postgres.ts";

export type ControlFile =
  | { readonly kind: "read"; readonly systemId: SystemId; readonly end: DataEnd }
  /** Cut short, or read in the middle of a write. */
  | { readonly kind: "torn" }
  /** `pg_control_version`, whose layout nobody here has seen. */
  | { readonly kind: "unknown-version"; readonly version: number };

/**
 * Where the checksum lies, by `pg_control_version`: 1300 is that of PostgreSQL 13 to 17, 1800 that of 18. What is
 * read here lies before it, and at the same place in both.
 */
const crcAt: ReadonlyMap<number, number> = new Map([
  [1300, 288],
  [1800, 292],
]);

const AT = {
  systemId: 0,
  version: 8,
  state: 16,
  checkPoint: 32,
  /** In the copy of the checkpoint record, which begins at 40. */
  timeline: 48,
  minRecoveryPoint: 136,
  minRecoveryTimeline: 144,
} as const;

/** Of `DBState`: a primary's, and a standby's, clean end. */
const SHUT_DOWN = 1;
const SHUT_DOWN_IN_RECOVERY = 2;

/** In the machine's own byte order: little-endian on every platform that Leeward's PostgreSQL is built for. */
export function parseControlFile(control: Uint8Array): ControlFile {
  if (control.byteLength < AT.version + 4) return { kind: "torn" };
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  const version = view.getUint32(AT.version, true);
  const sumAt = crcAt.get(version);
  if (sumAt === undefined) return { kind: "unknown-version", version };
  if (control.byteLength < sumAt + 4) return { kind: "torn" };
  const sum = crc32c(0, control.subarray(0, sumAt)) >>> 0;
  if (sum !== view.getUint32(sumAt, true)) return { kind: "torn" };
  const systemId = String(view.getBigUint64(AT.systemId, true)) as SystemId;
  return { kind: "read", systemId, end: endOf(view) };
}

function endOf(view: DataView): DataEnd {
  const state = view.getUint32(AT.state, true);
  const isClean = state === SHUT_DOWN || state === SHUT_DOWN_IN_RECOVERY;
  const lsn = view.getBigUint64(AT.checkPoint, true) as Lsn;
  const replayed = view.getBigUint64(AT.minRecoveryPoint, true) as Lsn;
  // A checkpoint of a primary clears it. One that was just promoted has not made any: then its new timeline is
  // written down here alone.
  if (replayed > lsn) {
    return { timeline: view.getUint32(AT.minRecoveryTimeline, true), lsn: replayed, isClean };
  }
  return { timeline: view.getUint32(AT.timeline, true), lsn, isClean };
}
