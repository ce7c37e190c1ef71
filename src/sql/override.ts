/**
 * A comment before the first word decides where its text runs: for the few cases that are known better by whoever
 * wrote it. One that cannot be obeyed is a comment.
 */
export type Override = "writer" | "local";

const pattern = /^\/\*\s*leeward:\s*(writer|local)\s*\*\/$/;

/** Of one block comment, `bytes[start..end)` with its marks. */
export function findOverride(bytes: Buffer, start: number, end: number): Override | undefined {
  // Longer than any way to write it: a tool's comment of a kilobyte is not copied.
  if (end - start > 64) return undefined;
  const found = pattern.exec(bytes.toString("latin1", start, end))?.[1];
  return found === "writer" || found === "local" ? found : undefined;
}
