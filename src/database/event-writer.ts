/** What people can read afterwards, as far as the archive takes it. */
import type { Archive } from "../archive/archive.ts";
import type { Log } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError } from "../model/failure.ts";

export class EventWriter {
  readonly #archive: Archive;
  readonly #log: Log;

  constructor(archive: Archive, log: Log) {
    this.#archive = archive;
    this.#log = log;
  }

  /** Never rejects: an archive that fails (a full disk) must not stop decisions. */
  async append(event: NewEvent): Promise<void> {
    const never = new AbortController().signal;
    await this.#archive.append(event, never).catch((error: unknown) => {
      this.#log.error("archive.append-failed", { kind: event.kind, error: describeError(error) });
    });
  }
}
