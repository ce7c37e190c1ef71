/** A table of numbers that sessions raise and read: what a read sees says how far its server has come. */
import type pg from "pg";

/** @param count of registers, beside that with the number 0 */
export const registersTable = (count: number): string =>
  `CREATE TABLE registers (id int PRIMARY KEY, v int NOT NULL) WITH (fillfactor = 50);
   INSERT INTO registers SELECT i, 0 FROM generate_series(0, ${count}) i;
   ALTER TABLE registers OWNER TO app; GRANT ALL ON registers TO PUBLIC`;

/** The value, and whether a standby has answered. */
export async function read(from: pg.Client, id = 0): Promise<{ v: number; isLocal: boolean }> {
  const text = "SELECT v, pg_is_in_recovery() AS is_local FROM registers WHERE id = $1";
  const { rows } = await from.query<{ v: number; is_local: boolean }>(text, [id]);
  return { v: rows[0]?.v ?? -1, isLocal: rows[0]?.is_local === true };
}

/** Answers the value that it has from now on. */
export async function raise(at: pg.Client, id = 0): Promise<number> {
  const text = "UPDATE registers SET v = v + 1 WHERE id = $1 RETURNING v";
  return (await at.query<{ v: number }>(text, [id])).rows[0]?.v ?? -1;
}

/** What the session would have to see, in the text form that others can SET. */
export async function tokenOf(of: pg.Client): Promise<string> {
  const { rows } = await of.query<Record<string, string>>("SHOW leeward.token");
  return rows[0]?.["leeward.token"] ?? "";
}

/** Times are of one clock. */
export type TimedRead = { readonly fromMs: number; readonly toMs: number; readonly v: number };
export type TimedRaise = { readonly v: number; readonly sentMs: number; readonly ackedMs: number };

/**
 * Reads of one register that no order explains: they miss what was acknowledged before they began, see what was not
 * asked for when they ended, or fall behind a read that had ended before.
 * @param written by one session, in its order
 */
export function outOfOrder(
  reads: readonly TimedRead[],
  written: readonly TimedRaise[],
): readonly TimedRead[] {
  const before = (written[0]?.v ?? 0) - 1;
  const atLeast = (ms: number): number =>
    written.findLast(({ ackedMs }) => ackedMs < ms)?.v ?? before;
  const atMost = (ms: number): number => written.findLast(({ sentMs }) => sentMs < ms)?.v ?? before;
  const wrong = reads.filter(({ v, fromMs, toMs }) => v < atLeast(fromMs) || v > atMost(toMs));
  const byEnd = reads.toSorted((a, b) => a.toMs - b.toMs);
  let newest = 0;
  let next = 0;
  for (const one of reads.toSorted((a, b) => a.fromMs - b.fromMs)) {
    for (; (byEnd[next]?.toMs ?? Infinity) < one.fromMs; next += 1) {
      newest = Math.max(newest, byEnd[next]?.v ?? 0);
    }
    if (one.v < newest) wrong.push(one);
  }
  return wrong;
}
