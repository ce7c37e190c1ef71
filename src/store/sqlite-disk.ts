import { SqliteFile, type SqliteRow, type SqliteStatement } from "../env/node/sqlite.ts";
import { Failure } from "../model/failure.ts";
import type { LedgerDisk } from "./ledger-store.ts";
import type { LeaseGrant, LedgerState, LedgerStep } from "./ledger.ts";
import type { Entry, LeaseId, Revision } from "./store.ts";

/** "LWst" in ASCII. */
const applicationId = 0x4c577374;
export const storeSchemaVersion = 1;

const schema = `
  CREATE TABLE head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL,
    last_lease INTEGER NOT NULL
  ) STRICT;
  INSERT INTO head VALUES (1, 0, 0);
  CREATE TABLE entry (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    mod_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl_ms REAL NOT NULL) STRICT;
`;

/** The ledger in one SQLite file: the present state, without history. */
export class SqliteDisk implements LedgerDisk {
  readonly #path: string;
  readonly #file: SqliteFile;
  readonly #put: SqliteStatement;
  readonly #delete: SqliteStatement;
  readonly #grant: SqliteStatement;
  readonly #end: SqliteStatement;
  readonly #advance: SqliteStatement;

  /** @throws Failure as `SqliteFile`; `store.newer-version` when a newer Leeward wrote it */
  constructor(path: string) {
    this.#path = path;
    this.#file = new SqliteFile({
      path,
      applicationId,
      schemaVersion: storeSchemaVersion,
      schema,
      newerVersion: "store.newer-version",
      checkAll: true,
    });
    this.#put = this.#file.prepare("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = this.#file.prepare("DELETE FROM entry WHERE key = ?");
    this.#grant = this.#file.prepare("INSERT INTO lease VALUES (?, ?)");
    this.#end = this.#file.prepare("DELETE FROM lease WHERE id = ?");
    this.#advance = this.#file.prepare(
      "UPDATE head SET revision = ?, last_lease = max(last_lease, ?)",
    );
  }

  load(): LedgerState {
    const rows = (sql: string): readonly SqliteRow[] => this.#file.prepare(sql).all();
    const [head] = rows("SELECT revision, last_lease FROM head");
    if (!head) throw this.#damaged("it has no head");
    const state: LedgerState = {
      revision: head.revision as Revision,
      lastLease: head.last_lease as LeaseId,
      entries: rows("SELECT * FROM entry").map(entryOf),
      leases: rows("SELECT * FROM lease").map(leaseOf),
    };
    this.#checkWhole(state);
    return state;
  }

  write({ revision, changes, granted, ended }: LedgerStep): void {
    this.#file.transaction(() => {
      for (const { key, entry } of changes) {
        if (entry) this.#put.run(...columnsOf(entry));
        else this.#delete.run(key);
      }
      for (const lease of ended) this.#end.run(lease);
      if (granted) this.#grant.run(granted.id, granted.ttlMs);
      this.#advance.run(revision, granted?.id ?? 0);
    });
  }

  close(): void {
    this.#file.close();
  }

  /** A file that somebody edited, or put together from two, is worse than none. */
  #checkWhole({ revision, lastLease, entries, leases }: LedgerState): void {
    const known = new Set(leases.map(({ id }) => id));
    const late = entries.find((entry) => entry.modRevision > revision);
    if (late) throw this.#damaged(`${late.key} is newer than revision ${revision}`);
    const lost = entries.find(({ lease }) => lease !== undefined && !known.has(lease));
    if (lost) throw this.#damaged(`${lost.key} belongs to lease ${lost.lease}, which is not there`);
    if (leases.some(({ id }) => id > lastLease))
      throw this.#damaged("a lease is newer than the last");
  }

  #damaged(why: string): Failure {
    return new Failure("state.damaged", `the store ${this.#path} contradicts itself: ${why}`);
  }
}

function columnsOf(entry: Entry): [string, string, number, number, number, number | null] {
  const { key, value, createRevision, modRevision, version, lease } = entry;
  return [key, value, createRevision, modRevision, version, lease ?? null];
}

/** The tables are STRICT: SQLite itself has checked the types. */
function entryOf(row: SqliteRow): Entry {
  return {
    key: row.key as string,
    value: row.value as string,
    createRevision: row.create_revision as Revision,
    modRevision: row.mod_revision as Revision,
    version: row.version as number,
    lease: row.lease === null ? undefined : (row.lease as LeaseId),
  };
}

function leaseOf(row: SqliteRow): LeaseGrant {
  return { id: row.id as LeaseId, ttlMs: row.ttl_ms as number };
}
