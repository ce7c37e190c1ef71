import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { TextRow } from "./internal-connection.ts";
import { Verifiers } from "./verifiers.ts";

const never = new AbortController().signal;
const scram = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy";

/** A server with one role, `app`, 10 ms away. */
class Server {
  readonly clock = new SimClock();
  readonly verifiers: Verifiers;
  readonly asked: string[] = [];
  row: TextRow | undefined = [scram, "t", null, "-1"];
  isDown = false;

  constructor() {
    const query = async (sql: string): Promise<readonly TextRow[]> => {
      this.asked.push(sql);
      await this.clock.pass(10);
      if (this.isDown) throw new Error("the server is down");
      return this.row && sql.includes(Buffer.from("app").toString("hex")) ? [this.row] : [];
    };
    this.verifiers = new Verifiers({ clock: this.clock, query }, never);
  }

  find(name: string): ReturnType<Verifiers["find"]> {
    return this.clock.drive(() => this.verifiers.find(name, never));
  }
}

test("a role is asked for once in five seconds, and many logins share the question", async () => {
  const server = new Server();
  const { clock, verifiers, asked } = server;
  const many = Array.from({ length: 100 }, () => verifiers.find("app", never));
  const roles = await clock.drive(() => Promise.all(many));
  expect(new Set(roles.map((role) => role?.password.kind))).toEqual(new Set(["scram"]));
  await clock.runUntil(5000 - 1);
  await server.find("app");
  expect(asked).toHaveLength(1);
  await clock.runUntil(5000);
  await server.find("app");
  expect(asked).toHaveLength(2);
});

test("case 53: while the server cannot be asked, what is known counts for ten minutes", async () => {
  const server = new Server();
  await server.find("app");
  server.isDown = true;
  await server.clock.runUntil(600_000);
  await expect(server.find("app")).resolves.toMatchObject({ canLogin: true });
  await server.clock.runUntil(600_001);
  await expect(server.find("app")).rejects.toThrow("the server is down");
  await expect(server.find("another")).rejects.toThrow("the server is down");
});

test("that a role is not there is believed for a second, and never while the server is down", async () => {
  const server = new Server();
  const { row } = server;
  server.row = undefined;
  expect(await server.find("app")).toBeUndefined();
  server.row = row;
  expect(await server.find("app")).toBeUndefined();
  await server.clock.runUntil(1000);
  expect(await server.find("app")).toMatchObject({ canLogin: true });
  expect(await server.find("nobody")).toBeUndefined();
  server.isDown = true;
  await server.clock.runUntil(2500);
  await expect(server.find("nobody")).rejects.toThrow("the server is down");
});

test("a role's limits are read, and absent ones are none", async () => {
  const server = new Server();
  expect(await server.find("app")).toEqual({
    password: { kind: "scram", verifier: expect.anything() as unknown },
    canLogin: true,
    validUntilMs: undefined,
    connectionLimit: undefined,
  });
  const rows: readonly TextRow[] = [
    ["md5abc", "f", "1767225600000.000000", "0"],
    [null, "t", "Infinity", "5"],
    [scram, "t", "-Infinity", "-1"],
  ];
  const found = [];
  for (const row of rows) {
    const other = new Server();
    other.row = row;
    found.push(await other.find("app"));
  }
  expect(found).toMatchObject([
    {
      password: { kind: "md5" },
      canLogin: false,
      validUntilMs: 1_767_225_600_000,
      connectionLimit: 0,
    },
    { password: { kind: "none" }, validUntilMs: undefined, connectionLimit: 5 },
    { password: { kind: "scram" }, validUntilMs: -Infinity },
  ]);
});

test("I10: a verifier is not printed by mistake", async () => {
  const role = await new Server().find("app");
  expect(JSON.stringify(role)).not.toContain("4096");
});

test("a name is never read as SQL, and one that cannot be is not asked for", async () => {
  const server = new Server();
  await server.find("x'; drop table t; --\\");
  expect(server.asked[0]).not.toContain("drop");
  expect(await server.find("a\0b")).toBeUndefined();
  expect(await server.find("x".repeat(1_000_000))).toBeUndefined();
  expect(server.asked).toHaveLength(1);
});

test("I9: of invented names ten thousand are kept, and those in use stay", async () => {
  const server = new Server();
  await server.find("app");
  for (let n = 0; n < 10_500; n += 500) {
    const names = Array.from({ length: 500 }, (_, more) => `nobody ${n + more}`);
    const finds = names.map((name) => server.verifiers.find(name, never));
    await server.clock.drive(() => Promise.all(finds));
    await server.find("app");
  }
  const questions = server.asked.length;
  await server.find("app");
  expect(server.asked).toHaveLength(questions);
  await server.find("nobody 0");
  expect(server.asked).toHaveLength(questions + 1);
});
