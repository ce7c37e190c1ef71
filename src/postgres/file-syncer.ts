/** Puts files on the disk while others are still being written, several at a time. */
import { closeSync, fdatasync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Several, because a disk commits some small files as fast as one. Not more: they occupy threads of the pool that
 * is shared with the agent, and one of its four stays free.
 */
const SYNCS_MAX = 3;

const toDisk = promisify(fdatasync);

type Wanted = {
  readonly path: string;
  /** Undefined while it still grows. */
  readonly finalSize: number | undefined;
};

export class FileSyncer {
  readonly #directory: string;
  readonly #onStep: () => void;
  /** Not bounded by itself: as long as the list of files in the backup. */
  readonly #waiting: Wanted[] = [];
  #running = 0;
  #failure: { readonly cause: unknown } | undefined;
  #onIdle: () => void = () => undefined;

  constructor(directory: string, onStep: () => void) {
    this.#directory = directory;
    this.#onStep = onStep;
  }

  /** Soon; nobody waits. @throws the error of an earlier file */
  sync(path: string, finalSize: number | undefined): void {
    this.#throwIfFailed();
    this.#waiting.push({ path, finalSize });
    this.#startSome();
  }

  /** Settles when every file is on the disk. @throws the error of the first that is not */
  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#startSome();
    });
    this.#throwIfFailed();
  }

  #startSome(): void {
    while (this.#running < SYNCS_MAX) {
      const next = this.#failure === undefined ? this.#waiting.shift() : undefined;
      if (!next) break;
      this.#running += 1;
      void this.#run(next);
    }
    if (this.#running === 0) this.#onIdle();
  }

  async #run(wanted: Wanted): Promise<void> {
    try {
      await syncFile(join(this.#directory, wanted.path), wanted.finalSize);
      this.#onStep();
    } catch (cause) {
      this.#failure ??= { cause };
    }
    this.#running -= 1;
    this.#startSome();
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.cause;
  }
}

async function syncFile(path: string, finalSize: number | undefined): Promise<void> {
  const fd = openSync(path, "r");
  try {
    await toDisk(fd);
    const { size } = fstatSync(fd);
    if (finalSize !== undefined && size !== finalSize) {
      throw new Error(`${path} has ${size} bytes on the disk, written were ${finalSize}`);
    }
  } finally {
    closeSync(fd);
  }
}
