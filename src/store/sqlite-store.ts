import { LedgerStore, type StoreDoors } from "./ledger-store.ts";
import { SqliteDisk } from "./sqlite-disk.ts";

/** The embedded store: one SQLite file, one process. Its methods settle at once; only a disk makes them wait. */
export class SqliteStore extends LedgerStore {
  /**
   * Opens the file at `path`, or makes it; its directory must exist.
   * @throws Failure `state.damaged`, `state.in-use`, `state.not-writable`, `disk.full`, `store.newer-version`
   */
  constructor(path: string, doors: StoreDoors) {
    super(doors, new SqliteDisk(path));
  }
}
