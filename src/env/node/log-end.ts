/** The end of a log that another process writes: what a failure repeats of it for people. */
import { open, stat } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";

/** The last words, not the story. */
const tailBytes = 4_096;
const tailLines = 12;

/** How long it is now, for a later `logTail`; 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The last lines that were written after `fromByte`, joined for one message. */
export async function logTail(path: string, fromByte: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "";
  try {
    const { size } = await file.stat();
    const start = Math.max(size - tailBytes, fromByte <= size ? fromByte : 0);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    return lastLines(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Without what a terminal would obey: it is shown to people. */
export function lastLines(text: string): string {
  const plain = stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n]+/gu, " ");
  const lines = plain.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-tailLines).join("; ");
}
