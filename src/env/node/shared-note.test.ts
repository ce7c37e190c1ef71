import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SharedNote } from "./shared-note.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-note-"));
  path = join(directory, "note");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("what was written last is read, also when it is shorter, empty, or longer than a page", () => {
  const writer = new SharedNote(path);
  for (const text of [
    "a longer one, as it happens",
    "short",
    "",
    "é".repeat(5_000),
    "short again",
  ]) {
    writer.write(text);
    expect(new SharedNote(path).read()).toBe(text);
  }
  writer.close();
});

test("a note that nobody wrote is not there", () => {
  expect(new SharedNote(path).read()).toBeUndefined();
});

test.for(["", "5 1\nhello", "no header", "99 1\nhello"])(
  "a damaged note is no note: %j",
  (text) => {
    writeFileSync(path, text);
    expect(() => new SharedNote(path).read()).toThrow(
      expect.objectContaining({ code: "state.damaged" }) as Error,
    );
  },
);

test("the next writer takes over where the last one ended", () => {
  const first = new SharedNote(path);
  first.write("first".repeat(100));
  first.close();
  const second = new SharedNote(path);
  second.write("second");
  expect(second.read()).toBe("second");
  expect(readFileSync(path)).toHaveLength(4_096);
  second.close();
});

test("a reader never sees half of what another process writes", async () => {
  const reader = new SharedNote(path);
  const program = `import { SharedNote } from ${JSON.stringify(import.meta.resolve("./shared-note.ts"))};
const note = new SharedNote(${JSON.stringify(path)});
for (let n = 0; ; n = (n + 1) % 300) note.write(String(n % 10).repeat(n * 10));`;
  const writer = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", program],
    {
      stdio: "ignore",
    },
  );
  try {
    await expect.poll(() => reader.read(), { timeout: 10_000 }).toBeTypeOf("string");
    let differing = 0;
    let last = "";
    for (let round = 0; round < 5_000; round += 1) {
      const text = reader.read() ?? "gone";
      expect(new Set(text).size).toBeLessThanOrEqual(1);
      expect(text.length % 10).toBe(0);
      if (text !== last) differing += 1;
      last = text;
    }
    expect(differing).toBeGreaterThan(10);
  } finally {
    writer.kill("SIGKILL");
  }
});
