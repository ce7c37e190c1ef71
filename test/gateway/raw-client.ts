/**
 * A client that says what it is told to, byte by byte, and keeps what comes back: for what no driver does. The same
 * bytes can be sent to PostgreSQL itself, and the answers compared.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ServerHandshake } from "../../src/gateway/server-handshake.ts";
import type { Address } from "../../src/model/address.ts";
import {
  decodeCommandComplete,
  decodeDataRow,
  type BackendKey,
} from "../../src/wire/postgres/backend-messages.ts";
import { decodeError } from "../../src/wire/postgres/error-response.ts";
import { backend, frontend } from "../../src/wire/postgres/message-types.ts";
import { encodeCancelRequest, PROTOCOL_3_0 } from "../../src/wire/postgres/startup-messages.ts";
import type { Secret } from "../../src/std/secret.ts";
import { appPassword, random } from "../postgres/scratch.ts";

export const sync = Buffer.from([frontend.sync, 0, 0, 0, 4]);
export const flush = Buffer.from([frontend.flush, 0, 0, 0, 4]);
export const copyDone = Buffer.from([frontend.copyDone, 0, 0, 0, 4]);

/** A message of the server: its type, and all its bytes. */
export type Message = { readonly type: number; readonly bytes: Buffer };

export type RawLogin = {
  readonly user?: string;
  readonly password?: Secret;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
};

/** What may come at any time, and says nothing about an answer. */
const aside = new Set<number>([backend.parameterStatus, backend.noticeResponse]);

export class RawClient {
  readonly socket: Socket;
  readonly key: BackendKey | undefined;
  readonly #address: Address;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** What has to be there before there is another message to be taken. */
  #wantedBytes = headerBytes;
  #messages: Message[] = [];
  /** By type, how many of them there are. */
  readonly #counts = new Uint32Array(256);
  #received = 0;
  #isClosed = false;
  /** Whoever waits for more. */
  readonly #wakers = new Set<() => void>();

  private constructor(address: Address, socket: Socket, key: BackendKey | undefined) {
    this.#address = address;
    this.socket = socket;
    this.key = key;
    socket.on("data", (bytes) => this.#data(bytes));
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects, and says nothing. */
  static async connect(address: Address): Promise<RawClient> {
    return new RawClient(address, await openSocket(address), undefined);
  }

  static async login(address: Address, login: RawLogin = {}): Promise<RawClient> {
    const socket = await openSocket(address);
    const { user = "app", password = appPassword, database = "orders", parameters = {} } = login;
    const handshake = new ServerHandshake({
      protocol: PROTOCOL_3_0,
      parameters: new Map([["user", user], ["database", database], ...Object.entries(parameters)]),
      credential: { kind: "password", password },
      random,
    });
    socket.write(handshake.start());
    const key = await new Promise<BackendKey | undefined>((resolve, reject) => {
      socket.once("close", () => reject(new Error("closed during the login")));
      socket.on("data", (bytes) => {
        for (const action of handshake.feed(bytes)) {
          if (action.kind === "send") socket.write(action.bytes);
          else if (action.kind === "ready") resolve(action.server.backendKey);
          else reject(Object.assign(new Error(action.error.message), { code: action.error.code }));
        }
      });
    });
    socket.removeAllListeners("data");
    return new RawClient(address, socket, key);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that have come since the login. */
  get received(): number {
    return this.#received;
  }

  send(...pieces: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(pieces));
  }

  /** Sends, and takes what comes up to the `count`-th ReadyForQuery. */
  async ask(pieces: readonly Buffer[], count = 1): Promise<readonly Message[]> {
    this.send(...pieces);
    return this.take(backend.readyForQuery, count);
  }

  /** Takes what has come, up to the `count`-th message of a type; waits for it. */
  async take(type: number, count = 1): Promise<readonly Message[]> {
    while ((this.#counts[type] ?? 0) < count) {
      if (this.#isClosed) {
        throw new Error(`the connection was closed after ${describe(this.#messages)}`);
      }
      await this.#more(`message "${String.fromCharCode(type)}" ${count} times`);
    }
    let left = count;
    const last = this.#messages.findIndex((message) => message.type === type && --left === 0);
    const taken = this.#messages.splice(0, last + 1);
    for (const message of taken) this.#count(message.type, -1);
    return taken;
  }

  /** Everything up to the end of the connection. */
  async takeAll(): Promise<readonly Message[]> {
    while (!this.#isClosed) await this.#more("the connection is closed");
    this.#counts.fill(0);
    return this.#messages.splice(0);
  }

  /** Asks, on a connection of its own, that what this one does is given up. */
  async cancel(): Promise<void> {
    if (this.key === undefined) throw new Error("there is nothing to cancel by");
    const socket = await openSocket(this.#address);
    socket.resume();
    socket.end(encodeCancelRequest(this.key));
    if (!socket.closed) await once(socket, "close");
  }

  close(): void {
    this.socket.destroy();
  }

  /** Settles when something has come, or the connection is closed. */
  async #more(what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`not within ${waitMsMax} ms: ${what}`)),
        waitMsMax,
      );
      this.#wakers.add(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  #count(type: number, by: number): void {
    this.#counts[type] = (this.#counts[type] ?? 0) + by;
  }

  #wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  #data(bytes: Buffer): void {
    this.#gather(bytes);
    this.#wake();
  }

  #gather(bytes: Buffer): void {
    this.#received += bytes.length;
    this.#pieces.push(Buffer.from(bytes));
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes < this.#wantedBytes) return;
    let rest: Buffer = Buffer.concat(this.#pieces);
    this.#wantedBytes = headerBytes;
    while (rest.length >= headerBytes) {
      const end = 1 + rest.readInt32BE(1);
      if (rest.length < end) {
        this.#wantedBytes = end;
        break;
      }
      const type = rest[0] ?? 0;
      this.#messages.push({ type, bytes: Buffer.from(rest.subarray(0, end)) });
      this.#count(type, 1);
      rest = rest.subarray(end);
    }
    this.#pieces = [Buffer.from(rest)];
    this.#pieceBytes = rest.length;
  }
}

/**
 * An answer in words that can be compared: one for each message, with what matters of it. `C SELECT 1`, `E 42P01`,
 * `Z I`, `D 1,two`.
 */
export function inWords(messages: readonly Message[]): readonly string[] {
  return messages.filter(({ type }) => !aside.has(type)).map(word);
}

function describe(messages: readonly Message[]): string {
  return messages.length === 0 ? "nothing" : inWords(messages.slice(-20)).join(" ");
}

function word({ type, bytes }: Message): string {
  const letter = String.fromCharCode(type);
  switch (type) {
    case backend.commandComplete:
      return `${letter} ${decodeCommandComplete(bytes, 0, bytes.length)}`;
    case backend.errorResponse: {
      const { severity, code } = decodeError(bytes, 0, bytes.length);
      return severity === "ERROR" ? `${letter} ${code}` : `${letter} ${severity} ${code}`;
    }
    case backend.readyForQuery:
      return `${letter} ${String.fromCharCode(bytes[5] ?? 0)}`;
    case backend.dataRow:
      return `${letter} ${decodeDataRow(bytes, 0, bytes.length)
        .map((value) => value ?? "null")
        .join(",")
        .slice(0, shownMax)}`;
    default:
      return letter;
  }
}

const shownMax = 80;
/** 20 s without a byte: a test that hangs is to say for what. */
const waitMsMax = 20_000;
const headerBytes = 5;

async function openSocket(address: Address): Promise<Socket> {
  const socket = connect({ host: address.host, port: address.port });
  socket.setNoDelay(true);
  await once(socket, "connect");
  // Being cut off is among what is tested.
  socket.on("error", () => undefined);
  return socket;
}
