/** Real processes that stand in a data directory, as PostgreSQL's do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { strayCompanions, strayServers } from "./strays.ts";

test.runIf(process.platform === "linux")(
  "a stray is who stands in a data directory, never whom a stale postmaster.pid names",
  async () => {
    const region = mkdtempSync(join(tmpdir(), "leeward-strays-"));
    const data = join(region, "orders-1", "data");
    mkdirSync(data, { recursive: true });
    mkdirSync(join(region, "agent"));
    writeFileSync(join(data, "postmaster.pid"), `${process.pid}\n${data}\n`);
    const server = spawn("sh", ["-c", "echo ready; sleep 60 & wait"], {
      cwd: data,
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    try {
      await once(server.stdout, "data");
      expect(strayServers(region)).toContain(server.pid);
      expect(strayServers(region)).not.toContain(process.pid);
    } finally {
      process.kill(-(server.pid ?? 0), "SIGKILL");
      rmSync(region, { recursive: true });
    }
  },
);

test("a stray gateway is known by the path of its settings, and nobody else's is taken for it", async () => {
  const settings = join(tmpdir(), `leeward-gateway-${process.pid}.json`);
  const start = (...words: string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)", ...words], {
      stdio: "ignore",
    });
  const reader = start("^orders", settings);
  const mine = start("internal", "gateway", settings);
  const others = start("internal", "gateway", `${settings}.old`);
  const pooler = start("/usr/sbin/pgbouncer", settings);
  try {
    await expect.poll(() => strayCompanions(settings)).toEqual([mine.pid, pooler.pid]);
    await expect.poll(() => strayCompanions(`${settings}.old`)).toEqual([others.pid]);
  } finally {
    for (const one of [mine, others, pooler, reader]) one.kill("SIGKILL");
  }
});

test("a Region that was never started has no strays", () => {
  expect(strayServers("/no/such/region")).toEqual([]);
});
