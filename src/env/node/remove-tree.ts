import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes a file, or a directory with all that is in it, also where nobody may write: evidence is kept so, and only
 * root may remove what lies in such a directory. A no-op when there is nothing.
 * @throws the error of the system
 */
export function removeTree(path: string): void {
  const how = { recursive: true, force: true, maxRetries: 3 } as const;
  try {
    rmSync(path, how);
  } catch {
    makeRemovable(path);
    rmSync(path, how);
  }
}

/** A directory before what is in it; what a symbolic link points at is left alone. */
function makeRemovable(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return;
  // Some other reason kept it from being removed, when it is not ours to open: that error is told by the removal.
  tryTo(() => chmodSync(path, (found.mode & 0o7777) | 0o700));
  tryTo(() => {
    for (const name of readdirSync(path)) makeRemovable(join(path, name));
  });
}

function tryTo(deed: () => void): void {
  try {
    deed();
  } catch {
    // The removal that follows says what is wrong.
  }
}
