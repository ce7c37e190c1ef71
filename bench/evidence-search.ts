/**
 * Looks for the client's rows in the WAL of a data directory that no server runs on. The embedded PostgreSQL has no
 * pg_waldump, and none is needed: an inserted row stands in its WAL record as it stands in the table, and records
 * are cut by nothing but the headers of pages.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const pageBytes = 8192;
/** XLogPageHeaderData and XLogLongPageHeaderData, which begins each segment. */
const headerBytes = 24;
const longHeaderBytes = 40;
const segmentName = /^[0-9A-F]{24}$/;

export type Row = { readonly id: number; readonly host: string };

/** Those of `rows` that no WAL under `pg_wal` of any of the data directories holds. */
export function rowsNotInWal(
  dataDirectories: readonly string[],
  rows: readonly Row[],
): readonly Row[] {
  let left = rows;
  for (const directory of dataDirectories) {
    const hosts = new Set(left.map(({ host }) => host));
    if (hosts.size === 0) return left;
    const wal = readWal(join(directory, "pg_wal"));
    const found = new Map([...hosts].map((host) => [host, idsBefore(wal, textOf(host))]));
    left = left.filter(({ id, host }) => !found.get(host)?.has(BigInt(id)));
  }
  return left;
}

/** All segments in the order of their names, without the headers of their pages. */
function readWal(directory: string): Buffer {
  const names = readdirSync(directory).filter((name) => segmentName.test(name));
  const pages: Buffer[] = [];
  for (const name of names.toSorted()) {
    const segment = readFileSync(join(directory, name));
    for (let at = 0; at < segment.length; at += pageBytes) {
      pages.push(segment.subarray(at + (at === 0 ? longHeaderBytes : headerBytes), at + pageBytes));
    }
  }
  return Buffer.concat(pages);
}

/** In a tuple a bigint is 8 bytes, and what follows it without a gap is the text. */
function idsBefore(wal: Buffer, text: Buffer): ReadonlySet<bigint> {
  const ids = new Set<bigint>();
  for (let at = wal.indexOf(text); at >= 0; at = wal.indexOf(text, at + 1)) {
    if (at >= 8) ids.add(wal.readBigInt64LE(at - 8));
  }
  return ids;
}

/** A short text in a tuple: a byte that says how long all of it is, and then itself. */
function textOf(host: string): Buffer {
  const length = Buffer.of(((host.length + 1) << 1) | 1);
  return Buffer.concat([length, Buffer.from(host, "latin1")]);
}
