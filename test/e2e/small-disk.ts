/** A small disk of a Region's own: it needs a mount, and a mount needs root. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

export const canMount = process.getuid?.() === 0 && tryMount();

function tryMount(): boolean {
  const trial = join("/tmp", `leeward-mount-${process.pid}`);
  mkdirSync(trial, { recursive: true });
  try {
    mount(trial, "1m");
    execFileSync("umount", [trial]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}

function mount(path: string, size: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=711`, "tmpfs", path], {
    stdio: "pipe",
  });
}

/** Makes the directory of a Region a disk of this size, until the world is deleted. */
export function giveDisk(world: World, region: string, size: string): string {
  const path = join(world.stateDirectory, "regions", region);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  mount(path, size);
  world.beforeReset(() => execFileSync("umount", [path]));
  return path;
}

/** Takes all of a disk but so many bytes, also while others write to it; answers how to give it back. */
export function fill(disk: string, leftBytes: number): () => void {
  const filler = join(disk, "filler");
  for (;;) {
    const { bavail, bsize } = statfsSync(disk);
    const bytes = Math.min(bavail * bsize - leftBytes, 16 * 1024 * 1024);
    if (bytes <= 0) return () => rmSync(filler);
    try {
      appendFileSync(filler, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}
