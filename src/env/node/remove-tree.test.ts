import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeTree } from "./remove-tree.ts";

/** Any user but root, to whom no permission applies. */
const nobody = 65_534;

/** Runs the body, which must not wait, as somebody to whom permissions apply. */
function asNobody(body: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    body();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** `<root>/evidence/data/base/1`, all of it without write permission, beside what must stay. */
function makeEvidence(): { readonly root: string; readonly evidence: string } {
  const root = mkdtempSync(join(tmpdir(), "leeward-remove-"));
  if (process.geteuid?.() === 0) chownSync(root, nobody, nobody);
  const evidence = join(root, "evidence");
  asNobody(() => {
    mkdirSync(join(evidence, "data", "base"), { recursive: true });
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "elsewhere", "kept"), "");
    writeFileSync(join(evidence, "data", "base", "1"), "");
    symlinkSync(join(root, "elsewhere"), join(evidence, "data", "link"));
    chmodSync(join(root, "elsewhere"), 0o555);
    for (const name of ["data/base/1", "data/base", "data", ""]) {
      chmodSync(join(evidence, name), 0o555);
    }
  });
  return { root, evidence };
}

test("evidence without write permission is removed whole, and what it points at is not touched", () => {
  const { root, evidence } = makeEvidence();
  try {
    asNobody(() => {
      expect(() => rmSync(evidence, { recursive: true, force: true })).toThrow(/EACCES|EPERM/);
      removeTree(evidence);
      expect(existsSync(evidence)).toBe(false);
      expect(existsSync(join(root, "elsewhere", "kept"))).toBe(true);
      // Nor made writable.
      expect(() => writeFileSync(join(root, "elsewhere", "new"), "")).toThrow("EACCES");
    });
  } finally {
    asNobody(() => removeTree(root));
    rmSync(root, { recursive: true, force: true });
  }
});

test("what is not ours to remove is said by the system's own error, and nothing is no trouble", () => {
  const root = mkdtempSync(join(tmpdir(), "leeward-remove-"));
  try {
    chmodSync(root, 0o755);
    mkdirSync(join(root, "held", "inner"), { recursive: true });
    removeTree(join(root, "none"));
    if (process.geteuid?.() !== 0) return;
    asNobody(() => expect(() => removeTree(join(root, "held"))).toThrow(/EACCES|EPERM/));
    expect(existsSync(join(root, "held", "inner"))).toBe(true);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
