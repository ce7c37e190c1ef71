/**
 * libpq's password file. PostgreSQL would read one itself, but asks a subscription of somebody who is no superuser to bring
 * its password in the connection string: the server's own file must not open other people's doors.
 */
import { readFileSync } from "node:fs";
import type { Peer } from "./peers.ts";

/** The password for a peer, from the first line that fits; undefined when none does. Pure. */
export function findPassword(text: string, peer: Peer): string | undefined {
  const wanted = [peer.host, String(peer.port), peer.database, peer.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = splitFields(line);
    const password = fields[4];
    if (password === undefined) continue;
    if (wanted.every((value, index) => fields[index] === "*" || fields[index] === value)) {
      return password;
    }
  }
  return undefined;
}

/** Four fields that end at a colon, and the rest; a backslash takes the next character as it is. */
function splitFields(line: string): readonly string[] {
  const fields = [""];
  for (let at = 0; at < line.length; at += 1) {
    const isEscape = line[at] === "\\" && at + 1 < line.length;
    if (isEscape) at += 1;
    if (line[at] === ":" && !isEscape && fields.length < 5) fields.push("");
    else fields.push(`${fields.pop()}${line[at]}`);
  }
  return fields;
}

/**
 * Reads it anew each time: passwords change while a service runs.
 * @throws Error that says what is missing, never what is there
 */
export function readPassword(passFile: string | undefined, peer: Peer): string {
  if (passFile === undefined) {
    throw new Error(
      `There is no PGPASSFILE, and the carts database of ${peer.region} wants a password`,
    );
  }
  const password = findPassword(readFileSync(passFile, "utf8"), peer);
  if (password === undefined) {
    const login = `${peer.user} at ${peer.host}:${peer.port}/${peer.database}`;
    throw new Error(`PGPASSFILE has no line for ${login}, the carts database of ${peer.region}`);
  }
  return password;
}
