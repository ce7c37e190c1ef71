import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, expect, test, vi } from "vitest";
import { nodeClock } from "../env/node/clock.ts";
import { registerArchiveContract, sampleEvent } from "./archive-contract.ts";
import { SqliteArchive } from "./sqlite-archive.ts";

// Each append waits for the disk, which others use as well.
vi.setConfig({ testTimeout: 30_000 });

const directory = mkdtempSync(join(tmpdir(), "archive-"));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;
const newPath = (): string => join(directory, `${files++}.db`);
const never = new AbortController().signal;

registerArchiveContract({
  make: () => {
    const path = newPath();
    let archive = new SqliteArchive(path, nodeClock);
    return {
      clock: nodeClock,
      archive: () => archive,
      restart: () => {
        archive.close();
        archive = new SqliteArchive(path, nodeClock);
      },
      end: () => archive.close(),
    };
  },
  drive: (_, body) => body(),
});

test("ten thousand events are read page by page, and removed while others get their turn", async () => {
  const path = newPath();
  new SqliteArchive(path, nodeClock).close();
  const total = 10_000;
  fillAtOnce(path, total);
  const archive = new SqliteArchive(path, nodeClock);
  const read: string[] = [];
  for (let afterId = 0; afterId < total; ) {
    const page = await archive.read({ afterId, limit: 999, region: "even" }, never);
    read.push(...page.map(({ message }) => message));
    afterId = page.at(-1)?.id ?? total;
  }
  expect(read).toEqual(Array.from({ length: total / 2 }, (_, index) => `${2 * index + 2}`));
  const removing = archive.removeOlderThan(Infinity, never);
  const meanwhile = await archive.append(sampleEvent("meanwhile"), never);
  expect(meanwhile.id).toBe(total + 1);
  expect(await removing).toBe(total + 1);
  archive.close();
});

test("damaged details do not hide the event", async () => {
  const path = newPath();
  const archive = new SqliteArchive(path, nodeClock);
  for (const message of ["1", "2"]) await archive.append(sampleEvent(message), never);
  archive.close();
  const database = new Database(path);
  database.exec("UPDATE event SET details = '{\"pid\": ' WHERE id = 1");
  database.close();
  const again = new SqliteArchive(path, nodeClock);
  expect(await again.read({ afterId: 0, limit: 9 }, never)).toMatchObject([
    { message: "1", details: { damaged: true } },
    { message: "2", details: { pid: 7 } },
  ]);
  again.close();
});

test("an archive is not opened as a store of something else", () => {
  const path = newPath();
  const database = new Database(path);
  database.exec("CREATE TABLE other (a)");
  database.close();
  expect(() => new SqliteArchive(path, nodeClock)).toThrow(
    expect.objectContaining({ code: "state.damaged" }),
  );
});

/** In one transaction: ten thousand appends wait ten thousand times for the disk. */
function fillAtOnce(path: string, total: number): void {
  const database = new Database(path);
  database.exec(`
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${total})
    INSERT INTO event SELECT id, 1, 'k', id, iif(id % 2 = 0, 'even', 'odd'), NULL, '{}' FROM n`);
  database.close();
}
