/**
 * npm packs no symbolic links, so the embedded PostgreSQL arrives without those of its libraries; its install
 * script makes them, but install scripts may be off. This does it again, and several programs may at once.
 */
import { readFile, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failure } from "../model/failure.ts";

type Link = { readonly source: string; readonly target: string };

/** No-op for a package without a list (Windows, macOS of some versions). @throws Failure `postgres.not-installed` */
export async function restoreLibraryLinks(nativeDirectory: string): Promise<void> {
  const list = join(nativeDirectory, "pg-symlinks.json");
  const text = await readFile(list, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "[]";
    throw new Failure("postgres.not-installed", `${list} cannot be read`, { cause });
  });
  const packageDirectory = dirname(nativeDirectory);
  await Promise.all(parseLinks(text, list).map((link) => restore(packageDirectory, link)));
}

function parseLinks(text: string, list: string): readonly Link[] {
  try {
    return JSON.parse(text) as readonly Link[];
  } catch (cause) {
    throw new Failure("postgres.not-installed", `${list} is damaged`, { cause });
  }
}

/** The links stay inside one directory each, so that the whole package can be moved. */
async function restore(packageDirectory: string, link: Link): Promise<void> {
  const path = join(packageDirectory, link.target);
  await symlink(basename(link.source), path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EEXIST") return;
    throw new Failure("postgres.not-installed", `The library link ${path} cannot be made`, {
      cause,
    });
  });
}
