/** `leeward psql` against a real PostgreSQL; only the status that leads to it is hand-made. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleInstance, exampleStatus, FakeWorld } from "../../test/fake-world.ts";
import {
  appPassword,
  clock,
  drawAddress,
  Scratch,
  silent,
  soon,
  spec,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import { startApi } from "../api/server.ts";
import { stateLayout } from "../config/state-directory.ts";
import type { CertifiedKey } from "../env/certificates.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import { nodeFiles } from "../env/node/files.ts";
import { Secret } from "../std/secret.ts";
import { writeSupervisorRecord } from "../supervisor/supervisor-record.ts";
import { runCommandLine } from "./command-line.ts";

const directory = mkdtempSync(join(tmpdir(), "leeward-psql-"));
const layout = stateLayout(join(directory, ".leeward"));
const world = new FakeWorld();
const end = new AbortController();
let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.open();
  const address = drawAddress();
  const server = scratch.server("orders", address);
  await server.create(spec, soon());
  await startPrimary(server);
  world.statusNow = exampleStatus();
  const member = world.statusNow.databases["orders"]?.members["us-east-1"];
  if (member) member.instances = [exampleInstance({ address: address.host, port: address.port })];
  const region = world.statusNow.regions["us-east-1"];
  if (region) Object.assign(region.gateway, { address: address.host, port: address.port });
  const api = await startApi(
    world,
    {
      address: { host: "127.0.0.1", port: 0 },
      token: new Secret("t"),
      hosts: ["127.0.0.1"],
      log: silent,
      clock,
      version: "0.1.0",
    },
    end.signal,
  );
  mkdirSync(layout.secrets, { recursive: true });
  const orders = {
    superuser: superuserPassword.reveal(),
    replicator: "r",
    roles: { app: appPassword.reveal() },
  };
  const secrets = { version: 1, apiToken: "t", networkToken: "n", agentTokens: {} };
  writeFileSync(layout.allSecrets, JSON.stringify({ ...secrets, databases: { orders } }));
  const record = {
    pid: process.pid,
    born: "",
    api: api.address,
    startedWallMs: 0,
    version: "0.1.0",
  };
  writeSupervisorRecord(nodeFiles, layout.supervisor, record);
});

afterAll(async () => {
  end.abort();
  await scratch[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

type Ran = { readonly code: number; readonly out: string; readonly err: string };

async function psql(args: readonly string[], input = "", signal = soon()): Promise<Ran> {
  let out = "";
  let err = "";
  const plain = { isTty: false, columns: undefined, rows: undefined };
  const machine = {
    out: { ...plain, write: (text: string) => void (out += text) },
    err: { ...plain, write: (text: string) => void (err += text) },
    input: Readable.from(input === "" ? [] : [input]),
    cwd: directory,
    env: { XDG_RUNTIME_DIR: directory },
    userId: process.getuid?.(),
    temporaryDirectory: directory,
    clock,
    files: nodeFiles,
  };
  const code = await runCommandLine(["psql", "orders", ...args], machine, signal);
  return { code, out, err };
}

test("statements run in order, each with its tag or its table", async () => {
  const statements = [
    "CREATE TABLE fruit (id int PRIMARY KEY, name text)",
    "INSERT INTO fruit VALUES (1, 'fig'), (20, NULL); TABLE fruit",
    "UPDATE fruit SET name = 'plum' WHERE id = 20",
  ];
  const { out, code } = await psql(statements.flatMap((sql) => ["-c", sql]));
  expect(code).toBe(0);
  expect(out).toBe(
    [
      "CREATE TABLE",
      "INSERT 0 2",
      " id | name",
      "----+------",
      "  1 | fig",
      " 20 |",
      "(2 rows)",
      "",
      "UPDATE 1",
      "",
    ].join("\n"),
  );
});

test("--json is an array for each statement, and values are what they are", async () => {
  const sql =
    "SELECT 1 AS a, true AS b, NULL AS c, '{\"x\":1}'::jsonb AS d, 1.10 AS e; SELECT 2 AS f";
  const { out } = await psql(["--json", "-c", sql]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([[{ a: 1, b: true, c: null, d: { x: 1 }, e: "1.10" }], [{ f: 2 }]]);
});

test("the first error ends it, with its SQLSTATE, its place and exit code 1", async () => {
  const { code, out, err } = await psql([
    "-c",
    "SELECT 1 AS one;\nSELECT nme FROM pg_class;",
    "-c",
    "SELECT 3",
  ]);
  expect(code).toBe(1);
  expect(out).toContain("one");
  expect(out).not.toContain("3");
  expect(err).toContain('ERROR:  42703: column "nme" does not exist');
  expect(err).toContain("LINE 1: SELECT nme FROM pg_class\n               ^");
});

test("a pipe is run statement by statement, with backslash commands", async () => {
  const input = "CREATE TABLE piped (\n  id bigint NOT NULL\n);\n\\dt\n\\d piped\nSELECT 5 AS five";
  const { out, code } = await psql([], input);
  expect(code).toBe(0);
  expect(out).toMatch(/public\s+\| piped\s+\| table/);
  expect(out).toMatch(/id\s+\| bigint\s+\| not null/);
  expect(out).toMatch(/five\n-+\n {4}5\n/);
});

test.for(["\\l", "\\dn", "\\du", "\\dt", "\\d", "\\d pg_catalog.pg_class"])(
  "%s is SQL that PostgreSQL accepts",
  async (command) => {
    const { code, err } = await psql([], `${command}\n`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
  },
);

test("another backslash command is said to be unknown", async () => {
  expect((await psql([], "\\zzz\n")).err).toContain("\\zzz is not known here");
});

test("--role logs in as that role, and what the server refuses is said in its words", async () => {
  expect((await psql(["--role", "app", "--csv", "-c", "SELECT current_user"])).out).toBe(
    "current_user\napp\n",
  );
  const { code, err } = await psql(["--role", "app", "-c", "CREATE ROLE x"]);
  expect(code).toBe(1);
  expect(err).toContain("42501");
});

test("COPY to the client is refused before anything is sent", async () => {
  const { code, err } = await psql(["-c", "COPY fruit TO STDOUT"]);
  expect(code).toBe(64);
  expect(err).toContain("do not work in `leeward psql`");
});

test("a Region whose gateway or server does not run is named with its address", async () => {
  const { code, err } = await psql(["--region", "us-west-2", "-c", "SELECT 1"]);
  expect(code).toBe(75);
  expect(err).toContain("Could not connect to orders at 127.0.2.1:6432");
  expect(err).toContain("--direct");
  const direct = await psql(["--region", "us-west-2", "--direct", "-c", "SELECT 1"]);
  expect(direct.code).toBe(75);
  expect(direct.err).toContain("Could not connect to orders at 127.0.2.11:5432");
  expect(direct.err).not.toContain("--direct");
});

const sleepers =
  "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'pg_sleep' AND pid <> pg_backend_pid()";

test("Ctrl-C cancels what runs", async () => {
  const stop = new AbortController();
  const long = psql(["-c", "SELECT pg_sleep(40)"], "", stop.signal);
  const count = async (): Promise<string> => (await psql(["--csv", "-c", sleepers])).out;
  await expect.poll(count).toBe("count\n1\n");
  stop.abort();
  await long;
  expect(await count()).toBe("count\n0\n");
});

test("where the gateways require TLS it is spoken, with the world's own authority and no other", async () => {
  const { authority, server } = await certified(
    world.statusNow.regions["us-east-1"]?.gateway.address ?? "",
  );
  const writeFile = (name: string, text: string): readonly string[] => [
    "-c",
    `COPY (SELECT '${Buffer.from(text).toString("base64")}') TO PROGRAM 'umask 077; base64 -d > ${name}'`,
  ];
  await psql([
    ...writeFile("server.key", server.privateKey),
    ...writeFile("server.crt", server.certificate),
    "-c",
    "ALTER SYSTEM SET ssl = on",
    "-c",
    "SELECT pg_reload_conf()",
  ]);
  for (const { gateway } of Object.values(world.statusNow.regions)) gateway.tls = "required";
  const ask = ["--csv", "-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"];
  writeFileSync(layout.caCertificate, authority.certificate);
  await expect.poll(async () => (await psql(ask)).out).toBe("ssl\nt\n");
  writeFileSync(layout.caCertificate, (await certified("127.0.0.1")).authority.certificate);
  expect(await psql(ask)).toMatchObject({ code: 75, out: "" });
  expect((await psql([...ask, "--direct"])).out).toBe("ssl\nf\n");
});

async function certified(ip: string): Promise<{ authority: CertifiedKey; server: CertifiedKey }> {
  const hourMs = 3_600_000;
  const validity = { fromWallMs: clock.wallMs() - hourMs, untilWallMs: clock.wallMs() + hourMs };
  const authority = await nodeCertificates.createAuthority("Leeward test", validity);
  const names = { hosts: ["localhost"], ips: [ip] };
  const request = { commonName: "us-east-1", names, validity };
  return { authority, server: await nodeCertificates.issueServer(authority, request) };
}
