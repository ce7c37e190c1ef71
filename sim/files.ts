import type { Files } from "../src/env/env.ts";
import { Failure } from "../src/model/failure.ts";
import type { Life } from "./life.ts";

/** A machine's file system, which outlives the programs on it. */
export class SimFileDisk {
  isFull = false;
  readonly texts = new Map<string, string>();
  readonly directories = new Set<string>();
}

/** Whole files that are there or not, as `Files` promises. */
export class SimFiles implements Files {
  readonly #disk: SimFileDisk;
  readonly #life: Life;
  readonly #onWrite: (path: string, text: string) => void;

  constructor(
    disk: SimFileDisk,
    life: Life,
    onWrite: (path: string, text: string) => void = () => undefined,
  ) {
    this.#disk = disk;
    this.#life = life;
    this.#onWrite = onWrite;
  }

  read(path: string): string | undefined {
    return this.#disk.texts.get(path);
  }

  write(path: string, text: string): void {
    if (!this.#life.isAlive)
      throw new Failure("state.not-writable", "a dead program writes nothing");
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    if (parent !== "" && !this.#disk.directories.has(parent))
      throw new Failure("state.not-writable", `Could not write ${path}: there is no ${parent}`);
    if (this.#disk.isFull) throw new Failure("disk.full", `Could not write ${path}`);
    this.#disk.texts.set(path, text);
    this.#onWrite(path, text);
  }

  makeDirectory(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1))
      this.#disk.directories.add(path.slice(0, end));
  }

  exists(path: string): boolean {
    return this.#disk.texts.has(path) || this.#disk.directories.has(path);
  }

  remove(path: string): void {
    for (const known of [...this.#disk.texts.keys(), ...this.#disk.directories]) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      this.#disk.texts.delete(known);
      this.#disk.directories.delete(known);
    }
  }
}
