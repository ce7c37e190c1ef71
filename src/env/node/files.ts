import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { Failure } from "../../model/failure.ts";
import type { Files } from "../env.ts";
import { removeTree } from "./remove-tree.ts";
import { replaceFile } from "./replace-file.ts";

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
    try {
      replaceFile(path, text, mode);
    } catch (error) {
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

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function asFailure(verb: string, path: string, cause: unknown): Failure {
  const code = codeOf(cause) === "ENOSPC" ? "disk.full" : "state.not-writable";
  return new Failure(code, `Could not ${verb} ${path}`, { cause });
}
