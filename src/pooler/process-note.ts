/** Which process PgBouncer is, on disk, for the agent after this one. */
import { z } from "zod";
import type { Files } from "../env/env.ts";

/** A number alone may have come to stand for a stranger. */
export type ProcessId = {
  readonly pid: number;
  /** When it started, in the words of the system. */
  readonly born: string;
};

const note = z.object({ pid: z.number().int().min(1), born: z.string().min(1) });
const noteMode = 0o600;

export class ProcessNote {
  readonly #files: Files;
  readonly #path: string;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Undefined where there is none, or nonsense: then it is not ours to signal. @throws Failure `state.not-writable` */
  read(): ProcessId | undefined {
    const text = this.#files.read(this.#path);
    if (text === undefined) return undefined;
    return note.safeParse(parseJson(text)).data;
  }

  /** @throws Failure `state.not-writable`, `disk.full` */
  write(process: ProcessId): void {
    this.#files.write(this.#path, `${JSON.stringify(process)}\n`, noteMode);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
