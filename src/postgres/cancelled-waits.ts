/**
 * Commits that gave up waiting for a synchronous standby: their clients were told, if at all, by a warning, and
 * a failover may lose them. PostgreSQL counts them nowhere but says so in its log.
 */
import { statSync } from "node:fs";
import { open } from "node:fs/promises";

/** Of one look. A server that logs more than this between two looks is read over several. */
const LOOK_BYTES_MAX = 4 * 1024 * 1024;

const waitCancelled = /cancell?ing (?:the )?wait for synchronous replication/g;

export class CancelledWaits {
  readonly #path: string;
  /** Up to where the log has been read: always the begin of a line. */
  #readTo: number;
  #count = 0;

  constructor(logPath: string) {
    this.#path = logPath;
    this.#readTo = statSync(logPath, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** How many since this was made. What is lost when the log is bounded is not counted. */
  async count(): Promise<number> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (!file) return this.#count;
    try {
      const { size } = await file.stat();
      // It was emptied, or set aside for a new one.
      if (size < this.#readTo) this.#readTo = 0;
      const bytes = Buffer.alloc(Math.min(size - this.#readTo, LOOK_BYTES_MAX));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#readTo);
      // A line without its end is read again when it has one, unless it never ends.
      const end = bytes.lastIndexOf("\n", bytesRead - 1) + 1;
      const whole = end === 0 && bytesRead === LOOK_BYTES_MAX ? bytesRead : end;
      const text = bytes.toString("latin1", 0, whole);
      this.#readTo += whole;
      this.#count += text.match(waitCancelled)?.length ?? 0;
    } finally {
      await file.close();
    }
    return this.#count;
  }
}
