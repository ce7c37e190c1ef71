import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  drawAddress,
  eventually,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import type { SystemId } from "../model/region.ts";
import { Secret } from "../std/secret.ts";
import { processesIn, signalProcess } from "./process-table.ts";
import type { PostgresServer } from "./server.ts";

const primary = { kind: "primary" } as const;

describe("one instance", () => {
  let scratch: Scratch;
  let address: Address;
  let server: PostgresServer;
  let systemId: SystemId;
  const data = (): string => join(scratch.directory, "one", "data");

  beforeAll(async () => {
    scratch = await Scratch.open();
    address = drawAddress();
    server = scratch.server("one", address);
    systemId = await server.create(spec, soon());
  });
  afterAll(async () => scratch[Symbol.asyncDispose]());

  async function restarted(): Promise<void> {
    await server.stop("immediate", soon());
    await startPrimary(server);
  }

  test("a creation leaves a stopped primary and nothing beside it", async () => {
    expect(await server.inspect()).toMatchObject({
      kind: "present",
      systemId,
      isStandby: false,
      end: { timeline: 1, isClean: true },
    });
    expect(server.isRunning()).toBe(false);
    expect(await readdir(join(scratch.directory, "one"))).toEqual(["data"]);
  });

  test("a second creation on the same directory changes nothing", async () => {
    await expect(server.create(spec, soon())).rejects.toMatchObject({
      code: "postgres.create-failed",
    });
    expect(await server.inspect()).toMatchObject({ systemId });
  });

  test("it serves SQL to the owner of its database, and stops cleanly", async () => {
    await startPrimary(server);
    await sql(address, "create table kept (i int); insert into kept values (1)");
    expect(await sql(address, "select current_user, inet_server_addr()::text as at")).toEqual([
      { current_user: "app", at: `${address.host}/32` },
    ]);
    const status = await server.status(soon());
    expect(status).toMatchObject({
      systemId,
      timeline: 1,
      isInRecovery: false,
      isStreaming: false,
    });
    expect(status.flushedLsn).toBe(status.replayedLsn);
    await server.stop("fast", soon());
    expect(processesIn(data())).toEqual([]);
    const log = await readFile(join(scratch.directory, "one", "postgres.log"), "utf8");
    expect(log).toContain("database system is shut down");
    expect(log).not.toMatch(/secret/);
  });

  test("nobody gets in without the right password, not even from this machine", async () => {
    await restarted();
    const wrong = { user: "leeward", password: new Secret("wrong"), database: "postgres" };
    await expect(sql(address, "select 1", wrong)).rejects.toMatchObject({ code: "28P01" });
    const hba = await readFile(join(data(), "pg_hba.conf"), "utf8");
    expect(hba).not.toMatch(/trust|peer|md5/);
    expect((await stat(join(data(), "pg_hba.conf"))).mode & 0o077).toBe(0);
  });

  test("a setting that a user made with ALTER SYSTEM outlives a restart", async () => {
    await restarted();
    const asSuperuser = { user: "leeward", password: superuserPassword };
    await sql(address, "alter system set work_mem = '5MB'", asSuperuser);
    await restarted();
    expect(await sql(address, "show work_mem")).toEqual([{ work_mem: "5MB" }]);
  });

  test("a second object adopts the server that the first one left running", async () => {
    await restarted();
    server.close();
    const successor = scratch.server("one", address);
    expect(successor.isRunning()).toBe(false);
    expect(await successor.adopt(soon())).toBe(true);
    expect(successor.isRunning()).toBe(true);
    expect(await successor.status(soon())).toMatchObject({ systemId });
    const end = successor.ended(soon());
    await successor.stop("fast", soon());
    await end;
    expect(successor.isRunning()).toBe(false);
    expect(server.isRunning()).toBe(false);
  });

  test("a killed postmaster leaves no backend behind, and the next start has every commit", async () => {
    await restarted();
    await sql(address, "insert into kept values (2)");
    const busy = sql(address, "select pg_sleep(30)").catch(() => undefined);
    await eventually("a backend sleeps", async () => {
      const rows = await sql(
        address,
        "select 1 from pg_stat_activity where wait_event = 'PgSleep'",
      );
      return rows.length === 1;
    });
    const { pid } = await postmasterOf(data());
    signalProcess(pid, "SIGKILL");
    expect(await server.ended(soon())).toBe("was ended by SIGKILL");
    expect(processesIn(data())).toEqual([]);
    await busy;
    await server.start(primary, soon());
    expect(await sql(address, "select i from kept order by i")).toEqual([{ i: 1 }, { i: 2 }]);
  });

  test("a server that is frozen is stopped all the same, and does not wake up later", async () => {
    await restarted();
    const { pid } = await postmasterOf(data());
    process.kill(pid, "SIGSTOP");
    await server.stop("immediate", soon());
    expect(processesIn(data())).toEqual([]);
    expect(server.isRunning()).toBe(false);
  });

  test("a pid file that names a living stranger does not stop a start, nor hurt the stranger", async () => {
    await restarted();
    const { pid, text } = await postmasterOf(data());
    await server.stop("immediate", soon());
    const stranger = spawn("sleep", ["60"], { cwd: "/" });
    try {
      const forged = text.replace(String(pid), String(stranger.pid));
      await writeFile(join(data(), "postmaster.pid"), forged);
      const successor = scratch.server("one", address);
      expect(await successor.adopt(soon())).toBe(false);
      await successor.start(primary, soon());
      expect(stranger.exitCode).toBe(null);
      expect(stranger.signalCode).toBe(null);
      await successor.stop("fast", soon());
    } finally {
      stranger.kill("SIGKILL");
      await once(stranger, "close");
    }
  });

  test("a fenced server answers reads and refuses writes with 25006, also after a crash as a primary", async () => {
    await restarted();
    await server.stop("immediate", soon());
    await server.start({ kind: "fenced" }, soon());
    expect(await sql(address, "select count(*)::int from kept")).toEqual([{ count: 2 }]);
    await expect(sql(address, "insert into kept values (3)")).rejects.toMatchObject({
      code: "25006",
    });
    expect(await server.status(soon())).toMatchObject({ isInRecovery: true, isStreaming: false });
    await server.stop("fast", soon());
    expect(await server.inspect()).toMatchObject({ isStandby: true });
    await startPrimary(server);
    await sql(address, "delete from kept where i = 3");
    expect(await server.inspect()).toMatchObject({ isStandby: false });
  });

  test("a start on a port that is taken fails with the server's own words", async () => {
    await restarted();
    const rival = scratch.server("rival", address);
    await rival.create(spec, soon());
    await expect(rival.start(primary, soon())).rejects.toMatchObject({
      code: "postgres.start-failed",
      message: expect.stringContaining("Address already in use"),
    });
    expect(rival.isRunning()).toBe(false);
    expect(server.isRunning()).toBe(true);
  });

  test("a server whose own login is refused is not left running", async () => {
    await server.stop("fast", soon());
    const passwords = { superuser: new Secret("other"), replicator: new Secret("other") };
    const stranger = scratch.server("one", address, { passwords });
    await expect(stranger.start(primary, soon())).rejects.toMatchObject({
      code: "postgres.start-failed",
    });
    expect(processesIn(data())).toEqual([]);
  });

  test("a start that is aborted leaves nothing running", async () => {
    await server.stop("fast", soon());
    const abort = new AbortController();
    const starting = server.start(primary, abort.signal);
    abort.abort(new Error("enough"));
    await expect(starting).rejects.toThrow("enough");
    expect(processesIn(data())).toEqual([]);
  });

  test("a disk with less than the reserve is a state, and not a crash loop", async () => {
    await server.stop("fast", soon());
    const cramped = scratch.server("one", address, { diskReserveBytes: Number.MAX_SAFE_INTEGER });
    await expect(cramped.start(primary, soon())).rejects.toMatchObject({ code: "disk.full" });
    expect(processesIn(data())).toEqual([]);
  });

  test("data of another major version is refused before anything is touched", async () => {
    await server.stop("fast", soon());
    await writeFile(join(data(), "PG_VERSION"), "13\n");
    await expect(server.inspect()).rejects.toMatchObject({ code: "postgres.other-major" });
    await expect(server.start(primary, soon())).rejects.toMatchObject({
      code: "postgres.other-major",
    });
    await writeFile(join(data(), "PG_VERSION"), `${scratch.installation.major}\n`);
  });

  test("a creation that was interrupted is unfinished, and goes away", async () => {
    const half = scratch.server("half", drawAddress());
    const abort = new AbortController();
    const creating = half.create(spec, abort.signal);
    const unfinished = join(scratch.directory, "half", "data.unfinished");
    await eventually(
      "initdb has begun",
      async () => (await readdir(unfinished).catch(() => [])).length > 3,
    );
    expect(await half.inspect()).toEqual({ kind: "unfinished" });
    abort.abort(new Error("enough"));
    await expect(creating).rejects.toThrow("enough");
    expect(await half.inspect()).toEqual({ kind: "absent" });
    expect(await readdir(join(scratch.directory, "half"))).toEqual([]);
  });

  test("running data is not removed, stopped data only by force", async () => {
    await restarted();
    await expect(server.remove({ force: true }, soon())).rejects.toMatchObject({
      code: "postgres.stop-failed",
    });
    await server.stop("immediate", soon());
    await server.remove({ force: false }, soon());
    expect(await server.inspect()).toMatchObject({ kind: "present" });
    await rename(data(), `${data()}.removed`);
    expect(await server.inspect()).toEqual({ kind: "unfinished" });
    await server.remove({ force: true }, soon());
    expect(await server.inspect()).toEqual({ kind: "absent" });
  });
});

async function postmasterOf(data: string): Promise<{ pid: number; text: string }> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8");
  return { pid: Number(text.split("\n")[0]), text };
}
