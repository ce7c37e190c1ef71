/**
 * What a transaction that writes will be known by in the WAL: its number, and a place before its commit. Asked for
 * behind its first write, in the same round trip, so that a COMMIT whose answer is lost can be looked for afterwards.
 */
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  sync,
} from "../wire/postgres/frontend-messages.ts";
import { endsIdle } from "./after-unit.ts";
import type { OwnResult } from "./own-query.ts";
import type { ServerConnection } from "./server-connection.ts";
import { parseLsnNumber, type WalPoint } from "./token.ts";
import type { UnitTask } from "./unit-task.ts";
import type { Meaning } from "./unit.ts";

/** A transaction that has written for the first time. */
export type Witness = {
  readonly xid: string;
  /** Where the WAL ended then: what it has written lies before, and its commit behind. */
  readonly since: WalPoint;
  /** How much of the WAL no crash could take any more. */
  readonly flushedLsn: number;
};

const sql = `SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text,
  pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text,
  pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()),
  pg_catalog.pg_current_wal_flush_lsn()::pg_catalog.text`;

/** Nobody else's: names of clients' statements never come to a server, and hardly any client names a portal so. */
const name = "leeward.witness";

/**
 * A query message would end the client's unnamed portal, which may be in the middle of its rows. What an earlier one
 * left behind, because it was cancelled, is closed first.
 */
const question = Buffer.concat([
  encodeClose("statement", name),
  encodeParse(name, sql),
  encodeBind({ portal: name, statement: name, values: [] }),
  encodeExecute(name),
  encodeClose("portal", name),
  encodeClose("statement", name),
  sync,
]);

/** Hex digits of a WAL file's name that are the timeline. */
const timelineDigits = 8;

export class CommitWitness {
  #witness: Witness | undefined;
  #isAsked = false;

  /** Undefined while the transaction has not written, as far as is known. */
  get now(): Witness | undefined {
    return this.#witness;
  }

  /** A unit was sent, inside a transaction. */
  follow(server: ServerConnection, { meaning, isOpen }: UnitTask): void {
    if (this.#isAsked || this.#witness !== undefined || meaning.place !== "writer") return;
    // A server that waits for COPY data takes nothing else, nor does one that has not seen the client's Sync.
    const mayFollow = !isOpen && !meaning.effects.some(({ kind }) => kind === "copy-in");
    if (!mayFollow || endsIdle(true, meaning)) return;
    this.#isAsked = true;
    server.askBeside(question, (result) => {
      this.#isAsked = false;
      this.#witness = readWitness(result);
    });
  }

  /** A unit that is a commit and nothing else, of a transaction that can be recognised. */
  finds(meaning: Meaning): boolean {
    return this.#witness !== undefined && isCommitAlone(meaning);
  }

  /** The transaction is over. */
  forget(): void {
    this.#witness = undefined;
  }
}

/** Undefined after an error, and of a transaction that has not written. */
export function readWitness({ rows, error }: OwnResult): Witness | undefined {
  const [xid, inserted = "", file = "", flushed = ""] = rows[0] ?? [];
  const [lsn, flushedLsn] = [parseLsnNumber(inserted), parseLsnNumber(flushed)];
  const timeline = Number.parseInt(file.slice(0, timelineDigits), 16);
  if (error !== undefined || xid === undefined || Number.isNaN(timeline)) return undefined;
  if (lsn === undefined || flushedLsn === undefined) return undefined;
  return { xid, since: { timeline, lsn }, flushedLsn };
}

function isCommitAlone({ count, effects }: Meaning): boolean {
  const only = effects[0];
  return count === 1 && effects.length === 1 && only?.kind === "commit" && !only.chains;
}
