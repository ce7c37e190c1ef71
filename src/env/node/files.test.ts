import { mkdtempSync, rmSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { registerFilesContract } from "../files-contract.ts";
import { nodeFiles } from "./files.ts";

const make = (): string => mkdtempSync(join(tmpdir(), "leeward-files-"));
const end = (directory: string): void => rmSync(directory, { recursive: true });

registerFilesContract(
  () => ({ files: nodeFiles, directory: make() }),
  ({ directory }) => end(directory),
);

test("a file is for its owner alone when that was asked, and no temporary file is left", () => {
  const directory = make();
  try {
    nodeFiles.write(join(directory, "secret"), "***", 0o600);
    expect(statSync(join(directory, "secret")).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["secret"]);
  } finally {
    end(directory);
  }
});
