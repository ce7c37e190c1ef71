import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../model/failure.ts";
import type { Files } from "../env.ts";
import { removeTree } from "./remove-tree.ts";

export const nodeFiles: Files = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw asFailure("read", path, error);
    }
  },
  write(path, text, mode) {
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      const file = openSync(temporary, "w", mode);
      try {
        // Not writeSync: on a disk that is almost full it writes a part, and says so without an error.
        writeFileSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
      syncDirectory(dirname(path));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw asFailure("write", path, error);
    }
  },
  makeDirectory(path, mode) {
    try {
      mkdirSync(path, { recursive: true, mode });
    } catch (error) {
      throw asFailure("make the directory", path, error);
    }
  },
  exists: existsSync,
  remove(path) {
    try {
      removeTree(path);
    } catch (error) {
      throw asFailure("remove", path, error);
    }
  },
};

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function asFailure(verb: string, path: string, cause: unknown): Failure {
  const code = codeOf(cause) === "ENOSPC" ? "disk.full" : "state.not-writable";
  return new Failure(code, `Could not ${verb} ${path}`, { cause });
}
