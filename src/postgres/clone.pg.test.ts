import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  drawAddress,
  eventually,
  replicatorPassword,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import { TcpProxy } from "../../test/postgres/tcp-proxy.ts";
import type { Address } from "../model/address.ts";
import type { SystemId } from "../model/region.ts";
import type { CloneProgress } from "./postgres.ts";
import type { PostgresServer } from "./server.ts";

const asSuperuser = { user: "leeward", password: superuserPassword };
const quiet = (): void => undefined;

describe("a clone", () => {
  let scratch: Scratch;
  let writerAddress: Address;
  let writer: PostgresServer;
  let systemId: SystemId;

  beforeAll(async () => {
    scratch = await Scratch.open();
    writerAddress = drawAddress();
    writer = scratch.server("writer", writerAddress);
    systemId = await writer.create(spec, soon());
    await startPrimary(writer);
    await sql(
      writerAddress,
      "create table ballast as select i, repeat(md5(i::text), 31) as x from generate_series(1, 20000) i",
    );
    await writer.ensureSlots(["leeward_b_1", "leeward_c_1"], soon());
    await writer.ensureSlots(["leeward_b_1"], soon());
  });
  afterAll(async () => scratch[Symbol.asyncDispose]());

  async function countAt(address: Address): Promise<number> {
    const [row] = await sql(address, "select count(*)::int as n from ballast");
    return Number(row?.["n"]);
  }

  test("is a standby that streams through the link, and follows another address by a reload", async () => {
    const proxyAddress = drawAddress();
    const proxy = await TcpProxy.open(proxyAddress, writerAddress);
    const address = drawAddress();
    const secondary = scratch.server("b", address);
    const seen: CloneProgress[] = [];
    const upstream = upstreamAt(proxyAddress);
    await secondary.clone(upstream, systemId, (progress) => seen.push(progress), soon());
    expect(await secondary.inspect()).toMatchObject({
      kind: "present",
      systemId,
      isStandby: true,
      end: { timeline: 1, isClean: false },
    });
    expect(seen.at(-1)?.receivedBytes).toBeGreaterThan(20_000_000);
    expect(seen.at(-1)?.totalBytes).toBeGreaterThanOrEqual(seen.at(-1)?.receivedBytes ?? Infinity);

    await secondary.start({ kind: "secondary", upstream }, soon());
    await eventually("it streams", async () => (await secondary.status(soon())).isStreaming);
    expect(proxy.passedBytes).toBeGreaterThan(20_000_000);
    await sql(writerAddress, "insert into ballast values (0, 'arrives')");
    await eventually("the row arrives", async () => (await countAt(address)) === 20_001);

    const direct = upstreamAt(writerAddress);
    await secondary.follow(direct, soon());
    await proxy.close();
    await eventually(
      "it streams directly",
      async () => (await secondary.status(soon())).isStreaming,
    );
    await sql(writerAddress, "delete from ballast where i = 0");
    await eventually("the deletion arrives", async () => (await countAt(address)) === 20_000);
    await secondary.stop("fast", soon());
    expect(writer.isRunning()).toBe(true);
  });

  test("keeps the password in a file that only the server can read, and in no setting", async () => {
    const file = join(scratch.directory, "b", "upstream.pass");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    for (const name of ["leeward.conf", "postgresql.conf", "postgresql.auto.conf"]) {
      const text = await readFile(join(scratch.directory, "b", "data", name), "utf8");
      expect(text).not.toContain(replicatorPassword.reveal());
    }
  });

  test("starts and answers while its upstream is away", async () => {
    const address = drawAddress();
    const secondary = scratch.server("c", address);
    const nowhere = upstreamAt(drawAddress(), "leeward_c_1");
    await secondary.clone(upstreamAt(writerAddress, "leeward_c_1"), systemId, quiet, soon());
    await secondary.start({ kind: "secondary", upstream: nowhere }, soon());
    expect(await countAt(address)).toBe(20_000);
    expect(await secondary.status(soon())).toMatchObject({
      isInRecovery: true,
      isStreaming: false,
    });
    await secondary.stop("immediate", soon());
  });

  test("that is cut in the middle leaves nothing, and works the next time", async () => {
    const proxyAddress = drawAddress();
    const proxy = await TcpProxy.open(proxyAddress, writerAddress);
    proxy.onBytes = (passed) => {
      if (passed > 8_000_000) proxy.cut();
    };
    const secondary = scratch.server("cut", drawAddress());
    await expect(
      secondary.clone(upstreamAt(proxyAddress), systemId, quiet, soon()),
    ).rejects.toMatchObject({ code: "postgres.clone-failed" });
    expect(await secondary.inspect()).toEqual({ kind: "absent" });
    expect(await readdir(join(scratch.directory, "cut"))).toEqual([]);
    proxy.onBytes = quiet;
    await secondary.clone(upstreamAt(proxyAddress), systemId, quiet, soon());
    expect(await secondary.inspect()).toMatchObject({ kind: "present", isStandby: true });
    await proxy.close();
  });

  test("that is aborted in a black hole ends at once and leaves nothing", async () => {
    const proxyAddress = drawAddress();
    const proxy = await TcpProxy.open(proxyAddress, writerAddress);
    const silent = new Promise<void>((resolve) => {
      proxy.onBytes = (passed) => {
        if (passed < 4_000_000) return;
        proxy.silence();
        resolve();
      };
    });
    const abort = new AbortController();
    const secondary = scratch.server("aborted", drawAddress());
    const cloning = secondary.clone(upstreamAt(proxyAddress), systemId, quiet, abort.signal);
    await silent;
    expect(await secondary.inspect()).toEqual({ kind: "unfinished" });
    abort.abort(new Error("enough"));
    await expect(cloning).rejects.toThrow("enough");
    expect(await secondary.inspect()).toEqual({ kind: "absent" });
    await proxy.close();
  });

  test("of another database system is refused before a byte is written", async () => {
    const secondary = scratch.server("other", drawAddress());
    const cloning = secondary.clone(upstreamAt(writerAddress), "1" as SystemId, quiet, soon());
    await expect(cloning).rejects.toMatchObject({ code: "postgres.other-cluster" });
    expect(await secondary.inspect()).toEqual({ kind: "absent" });
  });

  test("from an address where nobody listens fails with that reason", async () => {
    const secondary = scratch.server("nobody", drawAddress());
    const cloning = secondary.clone(upstreamAt(drawAddress()), systemId, quiet, soon());
    await expect(cloning).rejects.toThrow(/ECONNREFUSED/);
  });

  test("of a writer with tablespaces is refused, with the way out", async () => {
    const place = await scratch.makeDirectory("tablespace");
    execFileSync("chown", ["--reference", join(scratch.directory, "writer", "data"), place]);
    await sql(writerAddress, `create tablespace elsewhere location '${place}'`, asSuperuser);
    const secondary = scratch.server("spaces", drawAddress());
    const cloning = secondary.clone(upstreamAt(writerAddress), systemId, quiet, soon());
    await expect(cloning).rejects.toThrow(/tablespace .*Move its tables/);
    await sql(writerAddress, "drop tablespace elsewhere", asSuperuser);
  });

  test("onto a disk that is too small fails before it fills it, and one that fills up is emptied again", async (t) => {
    const disk = await mkdtemp(join(tmpdir(), "leeward-small-disk-"));
    if (!canMount(disk, 48)) {
      await rm(disk, { recursive: true });
      return t.skip("a small disk can only be mounted by root");
    }
    try {
      const more = { directory: join(disk, "x") };
      const careful = scratch.server("unused", drawAddress(), { ...more, diskReserveBytes: 0 });
      await sql(writerAddress, "alter table ballast alter x set storage plain");
      const full = careful.clone(upstreamAt(writerAddress), systemId, quiet, soon());
      await expect(full).rejects.toMatchObject({ code: "disk.full" });
      expect(await careful.inspect()).toEqual({ kind: "absent" });

      const brave = scratch.server("unused", drawAddress(), {
        ...more,
        diskReserveBytes: -1_000_000_000,
      });
      const overfull = brave.clone(upstreamAt(writerAddress), systemId, quiet, soon());
      await expect(overfull).rejects.toMatchObject({ code: "disk.full" });
      expect(await readdir(join(disk, "x"))).toEqual([]);
    } finally {
      execFileSync("umount", [disk]);
      await rm(disk, { recursive: true });
    }
  });
});

function canMount(directory: string, megabytes: number): boolean {
  try {
    execFileSync(
      "mount",
      ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=711`, "tmpfs", directory],
      {
        stdio: "ignore",
      },
    );
    return true;
  } catch {
    return false;
  }
}
