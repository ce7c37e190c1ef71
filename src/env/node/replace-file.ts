/** How a file that others read is written: as a whole, or not at all. */
import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

export type FileOwner = { readonly uid: number; readonly gid: number };

/**
 * A reader sees the old text or the new one, also after a power cut. `owner`: ourselves when left out. Leaves nothing
 * beside it when it fails.
 * @throws what the file system says, as it says it
 */
export function replaceFile(path: string, text: string, mode: number, owner?: FileOwner): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // Not what is there: in a directory that belongs to another user it may be a link to somewhere else.
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", mode);
    try {
      // Not writeSync: on a disk that is almost full it writes a part, and says so without an error.
      writeFileSync(file, text);
      if (owner) fchownSync(file, owner.uid, owner.gid);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
