import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SharedNote } from "../env/node/shared-note.ts";
import type { DatabaseId, Epoch } from "../model/region.ts";
import { NodeLeaseBoard } from "./node-lease-board.ts";

const lease = { database: "orders" as DatabaseId, epoch: 3 as Epoch, untilMs: 12_345.678 };

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "leeward-board-")), "leases");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true, force: true }));

const open = (bootId: string, generation: number): NodeLeaseBoard =>
  new NodeLeaseBoard(new SharedNote(path), { bootId, generation });

test("the next agent of the same boot finds the leases of the one before", () => {
  open("boot", 1).write([lease]);
  expect(open("boot", 2).read()).toEqual([lease]);
});

test("deadlines of another boot are none", () => {
  open("boot", 1).write([lease]);
  expect(open("next boot", 2).read()).toEqual([]);
});

test("a board that is new or damaged holds no lease, and can be written", () => {
  expect(open("boot", 1).read()).toEqual([]);
  writeFileSync(path, "garbage");
  const board = open("boot", 2);
  expect(board.read()).toEqual([]);
  board.write([lease]);
  expect(open("boot", 3).read()).toEqual([lease]);
});

test("a new agent's board is its own from the start, so that the earlier guard learns of it", () => {
  open("boot", 1).write([lease]);
  open("boot", 2);
  expect(JSON.parse(new SharedNote(path).read() ?? "")).toEqual({
    bootId: "boot",
    generation: 2,
    leases: [lease],
  });
});
