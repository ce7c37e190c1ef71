/** PostgreSQL's own way to ask that a statement be given up: a connection of its own that says the session's key. */
import type { EventEmitter } from "node:events";
import pg from "pg";
import type { Address } from "../model/address.ts";

/** 5 s: a request that is not taken by then is worth nothing any more. */
const cancelTimeoutMs = 5_000;

/** What the driver knows of a session and its types do not tell. */
type SessionKey = { readonly processID: number; readonly secretKey: number };

type Connection = EventEmitter & {
  readonly stream: { setTimeout(ms: number, expired: () => void): void; destroy(): void };
  connect(port: number, host: string): void;
  cancel(processId: number, secretKey: number): void;
};

/**
 * Also through a gateway, whose sessions have keys of their own: nothing but their keys leads to the server that works
 * for them. Settles when the request has been taken, or cannot be: then the server is gone, and the statement with it.
 */
export async function requestCancel(client: pg.Client, { host, port }: Address): Promise<void> {
  const { processID, secretKey } = client as unknown as SessionKey;
  const door = new pg.Connection() as unknown as Connection;
  await new Promise<void>((resolve) => {
    door.once("end", resolve);
    door.on("error", () => resolve());
    door.once("connect", () => door.cancel(processID, secretKey));
    door.connect(port, host);
    door.stream.setTimeout(cancelTimeoutMs, () => door.stream.destroy());
  });
  door.stream.destroy();
}
