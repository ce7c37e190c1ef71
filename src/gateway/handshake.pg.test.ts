/** Both sides of a login against the real thing: ours at PostgreSQL, and `pg` and libpq at ours. */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  appPassword,
  clock,
  drawAddress,
  random,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import type { ByteSocket } from "../env/byte-socket.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import type { CertifiedKey } from "../env/certificates.ts";
import type { Address } from "../model/address.ts";
import { Secret } from "../std/secret.ts";
import {
  decodeDataRow,
  encodeBackendKeyData,
  encodeCommandComplete,
  encodeDataRow,
  encodeParameterStatus,
  encodeRowDescription,
  readyForQuery,
} from "../wire/postgres/backend-messages.ts";
import { encodeQuery, terminate } from "../wire/postgres/frontend-messages.ts";
import { FrameScanner } from "../wire/postgres/frame-scanner.ts";
import { backend, frontend } from "../wire/postgres/message-types.ts";
import type { ScramCredential } from "../wire/postgres/scram-client.ts";
import { parseVerifier, type ScramVerifier } from "../wire/postgres/scram-keys.ts";
import { PROTOCOL_3_0, PROTOCOL_3_2 } from "../wire/postgres/startup-messages.ts";
import { ClientHandshake, type ClientAction, type ClientLogin } from "./client-handshake.ts";
import { ServerHandshake, type ServerAction, type ServerLogin } from "./server-handshake.ts";

const frames = {
  whole: new Set([frontend.query, frontend.terminate, backend.dataRow, backend.readyForQuery]),
  wholeBytesMax: 1e6,
  larger: "refuse",
  frameBytesMax: 1e6,
} as const;

/** Logs in as `app` over a connected socket. */
async function logIn(
  socket: Socket,
  credential: ScramCredential,
  protocol = PROTOCOL_3_0,
): Promise<ServerAction> {
  const handshake = new ServerHandshake({
    protocol,
    parameters: new Map([
      ["user", "app"],
      ["database", "orders"],
    ]),
    credential,
    random,
  });
  socket.write(handshake.start());
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      for (const action of handshake.feed(bytes)) {
        if (action.kind === "send") socket.write(action.bytes);
        else resolve(action);
      }
    });
  });
}

function readyIn(action: ServerAction): ServerLogin {
  if (action.kind !== "ready") throw new Error(`not ready: ${JSON.stringify(action)}`);
  return action.server;
}

/** The first value of the first row, through a socket that is logged in. */
async function ask(socket: Socket, text: string): Promise<string | undefined> {
  const scanner = new FrameScanner(frames);
  let value: string | undefined;
  return new Promise((resolve) => {
    socket.removeAllListeners("data").on("data", (chunk) => {
      scanner.feed(chunk, {
        message: (type, bytes, start, end) => {
          if (type === backend.dataRow) [value] = decodeDataRow(bytes, start, end);
          if (type === backend.readyForQuery) resolve(value);
        },
        part: () => undefined,
      });
    });
    socket.write(encodeQuery(text));
  });
}

/** A server that is nothing but the login, and answers every query with the client's name. */
class Doorman {
  readonly logins: ClientLogin[] = [];
  readonly #verifiers: ReadonlyMap<string, ScramVerifier>;
  readonly #identity: CertifiedKey;
  readonly #sockets = new Set<ByteSocket>();
  readonly #life = new AbortController();

  constructor(verifiers: ReadonlyMap<string, ScramVerifier>, identity: CertifiedKey) {
    this.#verifiers = verifiers;
    this.#identity = identity;
  }

  async listen(address: Address): Promise<void> {
    const sockets = new NodeByteSockets({ clock, onAcceptError: () => undefined });
    const accept = (socket: ByteSocket): void => {
      const mockSecret = Buffer.from("mock");
      this.#serve(socket, new ClientHandshake({ offersTls: true, random, mockSecret }));
    };
    await sockets.listen(address, accept, this.#life.signal);
  }

  close(): void {
    this.#life.abort();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: ByteSocket, handshake: ClientHandshake): void {
    this.#sockets.add(socket);
    const perform = (actions: readonly ClientAction[]): void => {
      for (const action of actions) {
        if (action.kind === "look-up") {
          perform(handshake.provide(this.#verifiers.get(action.login.user)));
        } else this.#perform(action, socket, handshake);
      }
    };
    attach(socket, (bytes) => perform(handshake.feed(bytes)));
  }

  #perform(
    action: Exclude<ClientAction, { readonly kind: "look-up" }>,
    socket: ByteSocket,
    handshake: ClientHandshake,
  ): void {
    switch (action.kind) {
      case "send":
        return socket.write(action.bytes);
      case "start-tls":
        void this.#startTls(socket, handshake, action.rest);
        return;
      case "cancel":
        return socket.end();
      case "refuse":
        if (action.bytes) socket.write(action.bytes);
        return socket.end();
      case "authenticated":
        this.logins.push(action.login);
        return this.#welcome(socket, action.login);
    }
  }

  async #startTls(socket: ByteSocket, handshake: ClientHandshake, rest: Buffer): Promise<void> {
    const secure = await socket
      .secureAsServer(this.#identity, rest, this.#life.signal)
      .catch(() => undefined);
    if (!secure) return;
    handshake.secured(secure.channelBinding);
    this.#serve(secure, handshake);
  }

  #welcome(socket: ByteSocket, login: ClientLogin): void {
    const scanner = new FrameScanner(frames);
    const answer = [
      encodeRowDescription([{ name: "who" }]),
      encodeDataRow([login.user]),
      encodeCommandComplete("SELECT 1"),
      readyForQuery.idle,
    ];
    attach(socket, (chunk) => {
      scanner.feed(chunk, {
        message: (type) =>
          type === frontend.query ? socket.write(Buffer.concat(answer)) : socket.end(),
        part: () => undefined,
      });
    });
    socket.write(encodeParameterStatus("server_version", "18.0"));
    socket.write(encodeParameterStatus("client_encoding", "UTF8"));
    socket.write(encodeParameterStatus("standard_conforming_strings", "on"));
    socket.write(encodeBackendKeyData({ processId: 1, secret: Buffer.alloc(4) }));
    socket.write(readyForQuery.idle);
  }
}

function attach(socket: ByteSocket, data: (bytes: Buffer) => void): void {
  const ended = (): void => socket.end();
  socket.attach({ data, ended, drained: () => undefined, closed: () => undefined });
}

const hasPsql = spawnSync("psql", ["--version"]).status === 0;

describe("logins", () => {
  let scratch: Scratch;
  let address: Address;
  let doorman: Doorman;
  let door: Address;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    const server = scratch.server("one", address);
    await server.create(spec, soon());
    await startPrimary(server);
    const [row] = await sql(
      address,
      "SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = 'app'",
      { user: "leeward", password: superuserPassword },
    );
    const verifier = parseVerifier(String(row?.["verifier"]));
    if (!verifier) throw new Error("PostgreSQL keeps no verifier that can be read");
    const validity = { fromWallMs: Date.now() - 60_000, untilWallMs: Date.now() + 3_600_000 };
    const authority = await nodeCertificates.createAuthority("test", validity);
    door = drawAddress();
    const names = { hosts: ["localhost"], ips: [door.host] };
    const identity = await nodeCertificates.issueServer(authority, {
      commonName: "test",
      names,
      validity,
    });
    doorman = new Doorman(new Map([["app", verifier]]), identity);
    await doorman.listen(door);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    doorman.close();
    await scratch[Symbol.asyncDispose]();
  });

  async function open(to: Address): Promise<Socket> {
    const socket = connect(to);
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  }

  async function clientOfPg(more: pg.ClientConfig = {}): Promise<unknown> {
    const client = new pg.Client({
      ...door,
      user: "app",
      password: appPassword.reveal(),
      database: "orders",
      ...more,
    });
    await client.connect();
    const { rows } = await client.query<{ who: string }>("SELECT who");
    await client.end();
    return rows[0]?.who;
  }

  async function psql(settings: string, password = appPassword.reveal()): Promise<string> {
    const { stdout } = await promisify(execFile)(
      "psql",
      ["-XAtc", "SELECT who", `host=${door.host} port=${door.port} user=app ${settings}`],
      { env: { ...process.env, PGPASSWORD: password, PGCONNECT_TIMEOUT: "10" }, timeout: 20_000 },
    );
    return stdout.trim();
  }

  test("a password logs in at PostgreSQL, in protocol 3.0 and 3.2", async () => {
    for (const protocol of [PROTOCOL_3_0, PROTOCOL_3_2]) {
      const socket = await open(address);
      const server = readyIn(
        await logIn(socket, { kind: "password", password: appPassword }, protocol),
      );
      expect(server.parameters.get("server_version")).toMatch(/^\d+/);
      expect(server.protocol).toBeLessThanOrEqual(protocol);
      expect(server.backendKey?.secret.length).toBe(server.protocol === PROTOCOL_3_2 ? 32 : 4);
      expect(server.rest.length).toBe(0);
      expect(await ask(socket, "SELECT current_user")).toBe("app");
      socket.end(terminate);
    }
  });

  test("a wrong password fails with PostgreSQL's own error", async () => {
    const socket = await open(address);
    const credential = { kind: "password", password: new Secret("wrong") } as const;
    expect(await logIn(socket, credential)).toMatchObject({
      kind: "failed",
      error: { severity: "FATAL", code: "28P01" },
    });
  });

  test("what `pg` proved at our door logs in at PostgreSQL, which never saw the password", async () => {
    expect(await clientOfPg()).toBe("app");
    const keys = doorman.logins.at(-1)?.keys;
    if (!keys) throw new Error("nobody logged in");
    const socket = await open(address);
    readyIn(await logIn(socket, { kind: "keys", keys }));
    expect(await ask(socket, "SELECT current_user")).toBe("app");
    socket.end(terminate);
  });

  test("case 3: `pg` is refused with a wrong password, and as an unknown user", async () => {
    await expect(clientOfPg({ password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    await expect(clientOfPg({ user: "nobody" })).rejects.toMatchObject({ code: "28P01" });
  });

  test("case 2: `pg` logs in over TLS, with and without channel binding", async () => {
    const ssl = { rejectUnauthorized: false };
    expect(await clientOfPg({ ssl })).toBe("app");
    expect(await clientOfPg({ ssl, enableChannelBinding: true })).toBe("app");
  });

  test("case 2: a client that begins with TLS logs in", async () => {
    const socket = connectTls({
      ...door,
      ALPNProtocols: ["postgresql"],
      rejectUnauthorized: false,
    });
    sockets.push(socket);
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("postgresql");
    readyIn(await logIn(socket, { kind: "password", password: appPassword }));
    expect(await ask(socket, "SELECT who")).toBe("app");
    socket.end(terminate);
  });

  test.skipIf(!hasPsql)("case 2: libpq logs in, in clear, over TLS, and bound to it", async () => {
    for (const settings of [
      "sslmode=disable",
      "sslmode=prefer",
      "sslmode=require channel_binding=disable",
      "sslmode=require channel_binding=require",
    ]) {
      expect(await psql(`dbname=orders ${settings}`)).toBe("app");
    }
    await expect(psql("dbname=orders", "wrong")).rejects.toThrow(
      'password authentication failed for user "app"',
    );
  });
});
