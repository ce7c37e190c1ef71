/** PgBouncer's two files, replaced as a whole, and readable for the user as whom it runs. */
import { chmodSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, type FileOwner } from "../env/node/replace-file.ts";
import { Failure } from "../model/failure.ts";

export type Owner = FileOwner;

export type ConfigTexts = { readonly ini: string; readonly users: string };

/** Whose passwords it has are nobody else's to read; where the names lead may be read by whoever may come so far. */
const iniMode = 0o644;
const usersMode = 0o600;
const directoryMode = 0o700;

export class ConfigFiles {
  readonly iniPath: string;
  readonly usersPath: string;
  readonly #directory: string;
  /** Undefined: PgBouncer runs as ourselves. */
  readonly #owner: Owner | undefined;

  constructor(directory: string, owner: Owner | undefined) {
    this.#directory = directory;
    this.#owner = owner;
    this.iniPath = join(directory, "pgbouncer.ini");
    this.usersPath = join(directory, "users.txt");
  }

  /** Undefined where there is none. @throws Failure `state.not-writable` */
  readIni(): string | undefined {
    return this.#read(this.iniPath);
  }

  /** Both say this, to the letter. @throws Failure `state.not-writable` */
  say({ ini, users }: ConfigTexts): boolean {
    return this.#read(this.iniPath) === ini && this.#read(this.usersPath) === users;
  }

  /**
   * First the users, because a new line may need them. A reader sees the old text or the new one, also after a power
   * cut. @throws Failure `state.not-writable`, `disk.full`
   */
  write({ ini, users }: ConfigTexts): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: directoryMode });
      chmodSync(this.#directory, directoryMode);
      if (this.#owner) chownSync(this.#directory, this.#owner.uid, this.#owner.gid);
    } catch (error) {
      throw asFailure("make", this.#directory, error);
    }
    this.#replace(this.usersPath, users, usersMode);
    this.#replace(this.iniPath, ini, iniMode);
  }

  #read(path: string): string | undefined {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw asFailure("read", path, error);
    }
  }

  #replace(path: string, text: string, mode: number): void {
    try {
      replaceFile(path, text, mode, this.#owner);
    } catch (error) {
      throw asFailure("write", path, error);
    }
  }
}

function asFailure(verb: string, path: string, cause: unknown): Failure {
  const isFull = (cause as NodeJS.ErrnoException).code === "ENOSPC";
  return new Failure(
    isFull ? "disk.full" : "state.not-writable",
    `Could not ${verb} ${path} of PgBouncer`,
    { cause },
  );
}
