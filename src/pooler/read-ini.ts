/** What a `pgbouncer.ini` says about the databases; also one that a person has been at. */
import type { Line } from "./line.ts";

/** A port that is not said is PostgreSQL's. */
const defaultPort = 5432;

/** Lines that are not understood are left out: they are ours to write, and are written again. */
export function readDatabases(text: string): readonly Line[] {
  const lines: Line[] = [];
  let section = "";
  for (const raw of text.split("\n")) {
    const trimmed = raw.trim();
    const heading = /^\[(\w+)\]$/.exec(trimmed);
    if (heading) section = heading[1] ?? "";
    const line = section === "databases" ? readLine(trimmed) : undefined;
    if (line) lines.push(line);
  }
  return lines;
}

function readLine(text: string): Line | undefined {
  const match = /^([\w.-]+)\s*=\s*(.+)$/.exec(text);
  if (!match) return undefined;
  const [, name = "", connection = ""] = match;
  const values = readConnection(connection);
  const host = values.get("host");
  const port = Number(values.get("port") ?? defaultPort);
  if (!host || !Number.isInteger(port)) return undefined;
  return { name, host, port, dbname: values.get("dbname") ?? name };
}

function readConnection(text: string): ReadonlyMap<string, string> {
  const pairs = text.matchAll(/(\w+)\s*=\s*(?:'((?:[^']|'')*)'|(\S+))/g);
  return new Map(
    [...pairs].map(([, key = "", quoted, bare]) => [
      key,
      quoted?.replaceAll("''", "'") ?? bare ?? "",
    ]),
  );
}
