/** Real processes that stand in a data directory, as PostgreSQL's do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { strayGateways, strayServers } from "./strays.ts";

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
  const start = (path: string): ReturnType<typeof spawn> =>
    spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)", path], {
      stdio: "ignore",
    });
  const [mine, others] = [start(settings), start(`${settings}.old`)];
  try {
    await expect.poll(() => strayGateways(settings)).toEqual([mine.pid]);
    await expect.poll(() => strayGateways(`${settings}.old`)).toEqual([others.pid]);
  } finally {
    mine.kill("SIGKILL");
    others.kill("SIGKILL");
  }
});

test("a Region that was never started has no strays", () => {
  expect(strayServers("/no/such/region")).toEqual([]);
});
