/** Where the writer's WAL ends, asked for behind a statement on the same connection: one answer later, no round trip more. */
import type { SystemId } from "../model/region.ts";
import type { OwnResult } from "./own-query.ts";
import {
  formatToken,
  parseLsnNumber,
  roundDownOutOfPageHeader,
  timelineOfWalFile,
} from "./token.ts";

const walFile = "SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn())";

/**
 * The flush position covers every commit that was acknowledged durably. A session that commits asynchronously is told
 * where WAL was inserted, because its commit may not be flushed yet. The name of a WAL file begins with the timeline,
 * which the control file learns a checkpoint after a promotion only.
 */
export const tokenQuery = `${walFile},
  CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')
    THEN 'insert ' || pg_catalog.pg_current_wal_insert_lsn() ELSE 'flush ' || pg_catalog.pg_current_wal_flush_lsn() END`;

/** After a transaction that may have had a `synchronous_commit` of its own: that is over, and cannot be asked for. */
export const insertedTokenQuery = `${walFile}, 'insert ' || pg_catalog.pg_current_wal_insert_lsn()`;

/** The token in its text form; undefined when the server gave none: in a failed transaction, or as a standby. */
export function readTokenRow(
  { rows, error }: OwnResult,
  systemId: SystemId | undefined,
): string | undefined {
  const [row] = rows;
  if (error !== undefined || row === undefined || systemId === undefined) return undefined;
  const [file = "", position = ""] = row;
  const [how, text = ""] = position.split(" ");
  const timeline = timelineOfWalFile(file);
  const lsn = parseLsnNumber(text);
  if (timeline === undefined || lsn === undefined) return undefined;
  return formatToken({
    systemId,
    timeline,
    lsn: how === "insert" ? roundDownOutOfPageHeader(lsn) : lsn,
  });
}
