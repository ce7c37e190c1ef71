/**
 * A base backup that is received and thrown away, straight from the server: what PostgreSQL's sender and the
 * kernel's sockets leave of a disk's speed before anybody has looked at a byte or written one.
 */
import { Socket } from "node:net";
import pg from "pg";
import type { Address } from "../src/model/address.ts";
import { baseBackupCommand } from "../src/postgres/base-backup.ts";
import { replicator } from "../src/postgres/configuration.ts";
import type { Secret } from "../src/std/secret.ts";
import type { Transfer } from "./file-copy.ts";

/** ReadyForQuery outside a transaction, which ends the answer. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export async function discardBackup(address: Address, password: Secret): Promise<Transfer> {
  const socket = new Socket();
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: replicator,
    password: password.reveal(),
    stream: () => socket,
    ...({ replication: "true" } as object),
  });
  await client.connect();
  socket.removeAllListeners("data");
  const startedMs = performance.now();
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on("close", () => reject(new Error("the server ended the backup")));
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (chunk.subarray(-ready.length).equals(ready)) resolve();
    });
    socket.write(queryMessage(baseBackupCommand));
  });
  const elapsedMs = performance.now() - startedMs;
  socket.removeAllListeners("close");
  socket.destroy();
  return { bytes, elapsedMs };
}

function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head.write("Q");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
