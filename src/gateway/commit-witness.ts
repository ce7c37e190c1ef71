/**
 * What a transaction that writes will be known by in the WAL: its number, and a place before its commit. Asked for
 * behind its first write, in the same round trip, so that a COMMIT whose answer is lost can be looked for afterwards.
 */
import type { SystemId } from "../model/region.ts";
import type { Effect } from "../sql/sql.ts";
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeParse,
  sync,
} from "../wire/postgres/frontend-messages.ts";
import { HEADER_BYTES } from "../wire/postgres/message-types.ts";
import type { OwnResult } from "./own-query.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { SessionContext } from "./session-context.ts";
import type { Status } from "./session-transaction.ts";
import { parseLsnNumber, timelineOfWalFile, type WalPoint } from "./token.ts";
import type { UnitTask } from "./unit-task.ts";
import type { Meaning, Unit } from "./unit.ts";

/** A transaction that has written for the first time. */
export type Witness = {
  readonly systemId: SystemId;
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

export class CommitWitness {
  readonly #context: SessionContext;
  #witness: Witness | undefined;
  #isAsked = false;
  /** Counts transactions: what was asked in one says nothing of the next. */
  #transaction = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Undefined while the transaction has not written, as far as is known. */
  get now(): Witness | undefined {
    return this.#witness;
  }

  /** A unit was sent, inside a transaction. */
  follow(server: ServerConnection, { unit, meaning, isOpen }: UnitTask): void {
    if (this.#isAsked || this.#witness !== undefined || meaning.place !== "writer") return;
    // A server that waits for COPY data takes nothing else, nor does one that has not seen the client's Sync.
    const mayFollow = !isOpen && !meaning.effects.some(({ kind }) => kind === "copy-in");
    if (!mayFollow || meaning.effects.some(endsTransaction) || !takesSnapshot(unit)) return;
    const asked = this.#transaction;
    this.#isAsked = true;
    server.askBeside(question, (result) => {
      this.#isAsked = false;
      if (asked === this.#transaction) this.#answered(server, result);
    });
  }

  /** A unit that is a commit and nothing else, of a transaction that can be recognised. */
  finds(meaning: Meaning): boolean {
    return this.#witness !== undefined && isCommitAlone(meaning);
  }

  /** A unit has ended with `status`. */
  ended({ effects }: Meaning, status: Status): void {
    if (status === "I" || effects.some(endsTransaction)) this.forget();
  }

  /** The transaction is over. */
  forget(): void {
    this.#witness = undefined;
    this.#transaction += 1;
  }

  /** An error of ours has ended the client's transaction, who must not take it for alive. */
  #answered(server: ServerConnection, result: OwnResult): void {
    const { home, state } = this.#context;
    if (result.error !== undefined && state.transaction.phase.kind === "open") {
      if (notAllowed.has(result.error.code)) home.cannotFindCommits(result.error.message);
      return server.close();
    }
    if (home.systemId !== undefined) this.#witness = readWitness(result, home.systemId);
  }
}

/** Of an administrator who keeps the functions to himself: nobody's transactions are to end by that. */
const notAllowed = new Set(["42501", "42883"]);

/** As a simple question does: in stricter transactions it must not be the first to. A comment may hide it. */
function takesSnapshot({ kind, bytes, executed }: Unit): boolean {
  const text = kind === "simple" ? bytes.subarray(HEADER_BYTES) : executed[0]?.body;
  const begin = text?.toString("latin1", 0, firstWordBytesMax) ?? "";
  return /^\s*(insert|update|delete|merge|select|with)\b/i.test(begin);
}

/** 64 bytes: white space, and the word that begins a statement. */
const firstWordBytesMax = 64;

function endsTransaction({ kind }: Effect): boolean {
  return kind === "commit" || kind === "rollback" || kind === "prepare-transaction";
}

/** Undefined after an error, and of a transaction that has not written. */
export function readWitness({ rows, error }: OwnResult, systemId: SystemId): Witness | undefined {
  const [xid, inserted = "", file = "", flushed = ""] = rows[0] ?? [];
  const [lsn, flushedLsn] = [parseLsnNumber(inserted), parseLsnNumber(flushed)];
  const timeline = timelineOfWalFile(file);
  if (error !== undefined || xid === undefined || timeline === undefined) return undefined;
  if (lsn === undefined || flushedLsn === undefined) return undefined;
  return { systemId, xid, since: { timeline, lsn }, flushedLsn };
}

function isCommitAlone({ count, effects }: Meaning): boolean {
  const only = effects[0];
  return count === 1 && effects.length === 1 && only?.kind === "commit" && !only.chains;
}
