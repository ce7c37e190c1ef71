import { expect, test } from "vitest";
import { registerFilesContract } from "../src/env/files-contract.ts";
import { SimFileDisk, SimFiles } from "./files.ts";
import { Life } from "./life.ts";

registerFilesContract(() => {
  const files = new SimFiles(new SimFileDisk(), new Life());
  files.makeDirectory("/state");
  return { files, directory: "/state" };
});

test("a program that was killed writes nothing any more, and its successor reads what it wrote", () => {
  const disk = new SimFileDisk();
  const life = new Life();
  const files = new SimFiles(disk, life);
  files.write("state.json", "before");
  life.end();
  expect(() => files.write("state.json", "after")).toThrow("dead");
  expect(new SimFiles(disk, new Life()).read("state.json")).toBe("before");
});
