import fc from "fast-check";
import tarStream from "tar-stream";
import { expect, test } from "vitest";
import { safePath } from "./backup-writer.ts";
import { parseTarHeader, type TarEntry, TarReader } from "./tar-reader.ts";

async function archiveOf(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const pack = tarStream.pack();
  pack.entry({ name: "base/", type: "directory" });
  for (const [name, content] of files) pack.entry({ name }, content);
  pack.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of pack) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function read(
  archive: Buffer,
  cuts: readonly number[],
): { seen: Map<string, string>; isWhole: boolean } {
  const seen = new Map<string, string>();
  let last: TarEntry | undefined;
  let content: Buffer[] = [];
  const reader = new TarReader({
    onEntry: (entry) => {
      last = entry;
      content = [];
    },
    onBytes: (bytes) => content.push(Buffer.from(bytes)),
    onEntryEnd: () =>
      seen.set(`${last?.kind} ${last?.name}`, Buffer.concat(content).toString("hex")),
  });
  const places = [0, ...cuts.map((cut) => cut % archive.length).toSorted((a, b) => a - b)];
  for (const [index, from] of places.entries())
    reader.push(archive.subarray(from, places[index + 1]));
  return { seen, isWhole: reader.isBetweenEntries };
}

test("whatever the pieces, the files that went in come out", async () => {
  const name = fc.stringMatching(/^[a-z0-9_]{1,30}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 2000 })), {
        selector: ([key]) => key,
        maxLength: 8,
      }),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (entries, cuts) => {
        const files = new Map(entries.map(([key, bytes]) => [key, Buffer.from(bytes)]));
        const { seen, isWhole } = read(await archiveOf(files), cuts);
        expect(isWhole).toBe(true);
        expect(seen.get("directory base/")).toBe("");
        for (const [key, bytes] of files)
          expect(seen.get(`file ${key}`)).toBe(bytes.toString("hex"));
        expect(seen.size).toBe(files.size + 1);
      },
    ),
  );
});

test("an archive that was cut is not whole", async () => {
  const archive = await archiveOf(new Map([["a", Buffer.alloc(700)]]));
  for (const length of [100, 600, 1100, 1300]) {
    expect(read(archive.subarray(0, length), []).isWhole).toBe(false);
  }
});

test("a header that was damaged is refused", async () => {
  const archive = await archiveOf(new Map());
  const header = Buffer.from(archive.subarray(0, 512));
  expect(parseTarHeader(header)).toEqual({ name: "base/", kind: "directory", size: 0 });
  header[0] = 0x21;
  expect(() => parseTarHeader(header)).toThrow("damaged");
});

test("a symbolic link is neither a file nor a directory", async () => {
  const pack = tarStream.pack();
  pack.entry({ name: "pg_wal", type: "symlink", linkname: "/elsewhere" });
  pack.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of pack) pieces.push(piece as Buffer);
  const header = Buffer.concat(pieces).subarray(0, 512);
  expect(parseTarHeader(header)).toMatchObject({ kind: "other", name: "pg_wal" });
});

test.for(["/etc/passwd", "../x", "a/../../x", "..", "a\0b"])("%j is outside", (name) => {
  expect(() => safePath(name)).toThrow("outside the data directory");
});

test.for([
  ["./base/1/", "base/1"],
  ["global/pg_control", "global/pg_control"],
  ["a/../b", "b"],
] as const)("%j is %j", ([name, path]) => {
  expect(safePath(name)).toBe(path);
});
