/**
 * BASE_BACKUP over the replication protocol, as a query that `pg` runs. The answer is two small results (where
 * the backup starts; the tablespaces), then a stream of messages, which come from the socket itself, each with
 * its kind in the first byte:
 *
 *   n  an archive begins     d  bytes of the archive, or of the manifest
 *   m  the manifest begins   p  progress, which we count ourselves
 */
import type { Connection, Submittable } from "pg";
import type { BackupReceiver } from "./backup-socket.ts";
import { MANIFEST_CHECKSUMS } from "./backup-manifest.ts";

/**
 * `WAL true`: the copy holds the WAL that makes it consistent. A standby without it could not even be opened
 * while the link is down, and would ask for it again from the start after each cut. The price is one or two
 * segments of 16 MiB.
 */
export const baseBackupCommand = `BASE_BACKUP (LABEL 'leeward', CHECKPOINT 'fast', PROGRESS true, WAL true, MANIFEST 'yes', MANIFEST_CHECKSUMS '${MANIFEST_CHECKSUMS}')`;

/** Called in order. What it throws ends the backup and is what `finished` rejects with. */
export interface BackupSink {
  /** The upstream's estimate, without WAL, before the first byte. */
  onTotal(totalBytes: number): void;
  /** Only valid until `onReadEnd`. */
  onArchiveBytes(bytes: Buffer): void;
  onManifestBytes(bytes: Buffer): void;
  onReadEnd(): void;
}

type DataRow = { readonly fields: readonly (string | null)[] };

export class BaseBackup implements Submittable, BackupReceiver {
  readonly finished: Promise<void>;
  readonly #sink: BackupSink;
  #settle: { resolve(): void; reject(error: unknown): void };
  #results = 0;
  #archives = 0;
  #isInManifest = false;
  #areBytesOfInterest = false;
  #hasFailed = false;

  constructor(sink: BackupSink) {
    this.#sink = sink;
    this.#settle = { resolve: () => undefined, reject: () => undefined };
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  submit(connection: Connection): void {
    connection.query(baseBackupCommand);
  }

  handleRowDescription(): void {
    this.#results += 1;
  }

  handleDataRow({ fields }: DataRow): void {
    // The second result has a row for each tablespace; the data directory itself is the one without an OID.
    if (this.#results !== 2) return;
    const [oid, location, kilobytes] = fields;
    this.#guard(() => {
      if (oid !== null) {
        throw new Error(
          `the upstream keeps a tablespace at ${location ?? "?"}; a clone would need that path to itself. Move its tables to pg_default, then drop it`,
        );
      }
      this.#sink.onTotal(Number(kilobytes ?? 0) * 1024);
    });
  }

  onMessage(kind: number): void {
    this.#areBytesOfInterest = kind === 0x64;
    switch (kind) {
      case 0x64: // d
      case 0x70: // p
        break;
      case 0x6e: // n
        this.#archives += 1;
        if (this.#archives > 1) this.#fail(new Error("the upstream sends more than one archive"));
        break;
      case 0x6d: // m
        this.#isInManifest = true;
        break;
      default:
        this.#fail(new Error(`the upstream sends a message of an unknown kind, ${kind}`));
    }
  }

  onMessageBytes(bytes: Buffer): void {
    if (!this.#areBytesOfInterest) return;
    this.#guard(() => {
      if (this.#isInManifest) this.#sink.onManifestBytes(bytes);
      else this.#sink.onArchiveBytes(bytes);
    });
  }

  onReadEnd(): void {
    this.#guard(() => this.#sink.onReadEnd());
  }

  handleCopyData(): void {
    // The socket takes it out of the stream.
  }

  handleError(error: Error): void {
    this.#settle.reject(error);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve();
  }

  handleCommandComplete(): void {
    // Each result has one; the end of all is ReadyForQuery.
  }

  handleEmptyQuery(): void {
    this.#settle.reject(new Error("the upstream took BASE_BACKUP for an empty query"));
  }

  handlePortalSuspended(): void {
    this.handleEmptyQuery();
  }

  handleCopyInResponse(): void {
    this.handleEmptyQuery();
  }

  /** All calls come from inside a socket's events, where a throw would end the thread. Nothing is done after a failure. */
  #guard(act: () => void): void {
    if (this.#hasFailed) return;
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#settle.reject(error);
  }
}
