import { expect, test } from "vitest";
import type { Files } from "./env.ts";

export type FilesWorld = {
  readonly files: Files;
  /** A directory that exists, for this test alone. */
  readonly directory: string;
};

/** What every `Files` promises. `end` takes away what `make` made. */
export function registerFilesContract(
  make: () => FilesWorld,
  end: (world: FilesWorld) => void = () => undefined,
): void {
  const promises = (sentence: string, body: (world: FilesWorld) => void): void => {
    test(sentence, () => {
      const world = make();
      try {
        body(world);
      } finally {
        end(world);
      }
    });
  };

  promises("what was written is read, and the last text wins", ({ files, directory }) => {
    const path = `${directory}/state.json`;
    expect(files.read(path)).toBeUndefined();
    expect(files.exists(path)).toBe(false);
    files.write(path, "one", 0o600);
    files.write(path, "zwei — ✓", 0o600);
    expect(files.read(path)).toBe("zwei — ✓");
    expect(files.exists(path)).toBe(true);
  });

  promises("directories are made with their parents, again and again", ({ files, directory }) => {
    const path = `${directory}/a/b`;
    files.makeDirectory(path, 0o700);
    files.makeDirectory(path, 0o700);
    expect(files.exists(path)).toBe(true);
    expect(files.exists(`${directory}/a`)).toBe(true);
  });

  promises("removing takes a directory with all that is in it", ({ files, directory }) => {
    files.makeDirectory(`${directory}/a`, 0o700);
    files.write(`${directory}/a/state.json`, "{}", 0o600);
    files.write(`${directory}/ab.json`, "{}", 0o600);
    files.remove(`${directory}/a`);
    files.remove(`${directory}/a`);
    expect(files.exists(`${directory}/a`)).toBe(false);
    expect(files.read(`${directory}/a/state.json`)).toBeUndefined();
    expect(files.read(`${directory}/ab.json`)).toBe("{}");
  });

  promises("a file in a directory that does not exist is not written", ({ files, directory }) => {
    const write = (): void => files.write(`${directory}/none/state.json`, "{}", 0o600);
    expect(write).toThrow(expect.objectContaining({ code: "state.not-writable" }) as Error);
    expect(files.exists(`${directory}/none`)).toBe(false);
  });
}
