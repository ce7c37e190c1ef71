/**
 * One SQLite file that belongs to one process: checked when it is opened, durable when a transaction ends, its
 * errors told as Failures. The store and the archive keep their tables in such a file, each in its own.
 */
import Database from "libsql";
import { Failure, type FailureCode } from "../../model/failure.ts";
import { assert } from "../../std/assert.ts";

export type SqliteSpec = {
  readonly path: string;
  /** Tells our files from others and from each other; written into the file. */
  readonly applicationId: number;
  readonly schemaVersion: number;
  /** Makes the tables of `schemaVersion` in an empty file. */
  readonly schema: string;
  /** What to throw when the file was written by a newer Leeward. */
  readonly newerVersion: FailureCode;
  /** Reads the whole file when it is opened. For files that are small. */
  readonly checkAll: boolean;
};

/** Not `boolean`: the driver aborts the process when it is given one. */
export type SqliteValue = string | number | null;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

export interface SqliteStatement {
  /** Answers how many rows it changed. */
  run(...values: readonly SqliteValue[]): number;
  all(...values: readonly SqliteValue[]): readonly SqliteRow[];
}

/** The write-ahead log is cut back to this after a checkpoint: many times what our transactions need. */
const journalBytesMax = 16 * 2 ** 20;

export class SqliteFile {
  readonly #path: string;
  readonly #database: Database.Database;
  #isOpen = true;

  /**
   * Opens or makes the file. Its directory must exist.
   * @throws Failure `state.damaged`, `state.in-use`, `state.not-writable`, `disk.full`, and `spec.newerVersion`
   */
  constructor(spec: SqliteSpec) {
    this.#path = spec.path;
    this.#database = this.#translate("open", () => new Database(spec.path));
    try {
      this.#translate("open", () => this.#prepareFile(spec));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#translate("read", () => this.#database.prepare(sql));
    return {
      run: (...values) => this.#translate("write", () => statement.run(...values).changes),
      all: (...values) => this.#translate("query", () => statement.all(...values)) as SqliteRow[],
    };
  }

  /** All of `work` or nothing; durable when it returns. When it throws, the change may still be found after a crash. */
  transaction(work: () => void): void {
    this.#translate("write", () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        work();
        this.#database.exec("COMMIT");
      } catch (error) {
        // SQLite has rolled back by itself after some errors, a full disk among them.
        if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** Gives the file back to others and leaves it without a journal. No-op when it is closed. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      // The driver closes the file only when every statement has been collected; the lock must not wait for that.
      this.#pragma("journal_mode = DELETE");
      this.#pragma("locking_mode = NORMAL");
      this.#database.prepare("SELECT count(*) FROM sqlite_schema").all();
    } catch {
      // A damaged file or a full disk. What was acknowledged is in the journal and read at the next start.
    }
    this.#database.close();
  }

  #prepareFile(spec: SqliteSpec): void {
    // One process only: another one that changed the file would not be seen by what we hold in memory.
    this.#pragma("locking_mode = EXCLUSIVE");
    const isNew = this.#recognise(spec);
    this.#pragma("journal_mode = WAL");
    this.#pragma("synchronous = FULL");
    // macOS: fsync alone leaves the data in the drive's own cache.
    this.#pragma("fullfsync = ON");
    this.#pragma("checkpoint_fullfsync = ON");
    this.#pragma(`journal_size_limit = ${journalBytesMax}`);
    if (isNew) this.#create(spec);
  }

  /** Answers whether the file is empty. One that is not ours keeps what it holds; only its journal is folded in. */
  #recognise({ path, applicationId, schemaVersion, newerVersion, checkAll }: SqliteSpec): boolean {
    const version = Number(this.#pragma("user_version"));
    const foundId = Number(this.#pragma("application_id"));
    const [tables] = this.#database.prepare("SELECT count(*) AS n FROM sqlite_schema").all();
    if (foundId === 0 && version === 0 && (tables as { n: number }).n === 0) return true;
    if (foundId !== applicationId)
      throw new Failure("state.damaged", `${path} is an SQLite file of another program or purpose`);
    if (version > schemaVersion) {
      const message = `${path} has schema version ${version}, this Leeward knows ${schemaVersion}`;
      throw new Failure(newerVersion, message);
    }
    assert(version === schemaVersion, `no migration leads from schema version ${version}`);
    if (checkAll) {
      const verdict = String(this.#pragma("quick_check(1)"));
      if (verdict !== "ok") throw new Failure("state.damaged", `${path} is damaged: ${verdict}`);
    }
    return false;
  }

  #create({ schema, schemaVersion, applicationId }: SqliteSpec): void {
    this.transaction(() => {
      this.#database.exec(schema);
      this.#pragma(`application_id = ${applicationId}`);
      this.#pragma(`user_version = ${schemaVersion}`);
    });
  }

  /** The first column of the first row. */
  #pragma(text: string): unknown {
    const [row] = this.#database.prepare(`PRAGMA ${text}`).all();
    return row === undefined ? undefined : Object.values(row as object)[0];
  }

  #translate<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = failureCodeOf(error);
      if (code === undefined) throw error;
      const { message } = error as Error;
      throw new Failure(code, `could not ${doing} ${this.#path}: ${message}`, { cause: error });
    }
  }
}

/** By SQLite's primary result code, https://sqlite.org/rescode.html. */
const failureCodes: ReadonlyMap<number, FailureCode> = new Map([
  [3, "state.not-writable"], // PERM
  [5, "state.in-use"], // BUSY
  [6, "state.in-use"], // LOCKED
  [8, "state.not-writable"], // READONLY
  [10, "state.not-writable"], // IOERR
  [11, "state.damaged"], // CORRUPT
  [13, "disk.full"], // FULL
  [14, "state.not-writable"], // CANTOPEN
  [26, "state.damaged"], // NOTADB
]);

function failureCodeOf(error: unknown): FailureCode | undefined {
  if (error instanceof Database.SqliteError) return failureCodes.get((error.rawCode ?? 0) & 0xff);
  // Opening fails with a plain error that holds the code in its text.
  const opening =
    error instanceof Error ? /ConnectionFailed\(.*: (\d+)"\)/s.exec(error.message) : null;
  return opening ? failureCodes.get(Number(opening[1]) & 0xff) : undefined;
}
