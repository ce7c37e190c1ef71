/**
 * Passwords are kept as scrypt makes them, which takes as much time and memory from whoever guesses as from us:
 *
 *   scrypt$32768$8$1$<salt>$<hash>     N, r, p; salt and hash in base64url
 *
 * The parameters are kept with each, so that new ones may ask for more.
 */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";
import { promisify } from "node:util";
import { Turns } from "./turns.ts";

/** 32 MiB and some 60 ms of a core for each. */
const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;

/** Node has four threads for them, and four take 128 MiB. Of 200 who wait, the last waits some four seconds. */
const turns = new Turns({ atOnceMax: 4, waitingMax: 200 });

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** For the database. @throws Unavailable when too many wait */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return format(salt, await hash(password, { salt, ...cost, bytes: hashBytes }));
}

/**
 * `kept` undefined: nobody has this address. It takes as long as for somebody who has, so that nobody learns who.
 * @throws Unavailable when too many wait
 */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  const parsed = parse(kept ?? nobodys);
  const found = await hash(password, { ...parsed, bytes: parsed.hash.length });
  return timingSafeEqual(found, parsed.hash) && kept !== undefined;
}

const nobodys = format(Buffer.alloc(saltBytes), Buffer.alloc(hashBytes));

type Hashing = {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly bytes: number;
};

function hash(password: string, { salt, bytes, N, r, p }: Hashing): Promise<Buffer> {
  // One character may be written in several ways; a keyboard decides which.
  const text = password.normalize("NFKC");
  // What scrypt takes, and a little more, which Node wants to be allowed.
  const maxmem = 2 * 128 * N * r;
  return turns.take(() => derive(text, salt, bytes, { N, r, p, maxmem }));
}

function format(salt: Buffer, hashed: Buffer): string {
  const { N, r, p } = cost;
  return `scrypt$${N}$${r}$${p}$${salt.toString("base64url")}$${hashed.toString("base64url")}`;
}

function parse(kept: string): Omit<Hashing, "bytes"> & { readonly hash: Buffer } {
  const form = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{16,64})\$([\w-]{22,128})$/;
  const [, N, r, p, salt = "", hashed = ""] = form.exec(kept) ?? [];
  // It came from our own database: it is damaged, and nobody may get in by it.
  if (N === undefined) throw new Error("a password hash is not in the form that it is kept in");
  return {
    N: Number(N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64url"),
    hash: Buffer.from(hashed, "base64url"),
  };
}
