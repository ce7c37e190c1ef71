/** What a world shows: metrics, the API's edges, events, logs, status as it changes, and helpful refusals. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { status as statusSchema, type ApiEvent } from "../../src/api/api.ts";
import { Child } from "./child.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld();

/** `fetch` sets the Host header by itself; here a test chooses it. */
function statusOf(world: World, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${world.apiUrl}${path}`, { headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    })
      .on("error", reject)
      .end();
  });
}

describe("the API", () => {
  test("answers its own host with its token, and nobody else", async () => {
    const world = the();
    const good = { authorization: `Bearer ${world.apiToken}` };
    expect(await statusOf(world, "/v1/status", good)).toBe(200);
    expect(await statusOf(world, "/v1/status", {})).toBe(401);
    expect(await statusOf(world, "/v1/status", { authorization: "Bearer wrong" })).toBe(401);
    expect(await statusOf(world, "/v1/status", { ...good, host: "evil.example" })).toBe(403);
    expect(await statusOf(world, "/v1/status", { ...good, origin: "https://evil.example" })).toBe(
      403,
    );
    expect(await statusOf(world, "/healthz", {})).toBe(200);
    expect(await statusOf(world, "/healthz", { host: "evil.example" })).toBe(403);
  });

  test("describes itself as OpenAPI 3", async () => {
    const world = the();
    const answer = await fetch(`${world.apiUrl}/openapi.json`, {
      headers: { authorization: `Bearer ${world.apiToken}` },
    });
    const document = (await answer.json()) as { openapi: string; paths: Record<string, unknown> };
    expect(document.openapi).toMatch(/^3\./);
    expect(Object.keys(document.paths)).toContain("/v1/status");
  });

  test("has the lag in both spellings among its metrics", async () => {
    const world = the();
    await world.untilStatus(
      "the lag is measured",
      10_000,
      ({ databases }) => databases["orders"]?.members[west]?.lagMs === 0,
    );
    const answer = await fetch(`${world.apiUrl}/metrics`, {
      headers: { authorization: `Bearer ${world.apiToken}` },
    });
    const text = await answer.text();
    for (const name of [
      "leeward_database_lag_seconds",
      "leeward_database_lag_bytes",
      "leeward_database_rpo_lag_seconds",
      "AuroraGlobalDBReplicationLag",
      "AuroraGlobalDBRPOLag",
      "AuroraGlobalDBProgressLag",
      "AuroraGlobalDBDataTransferBytes",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}\\{.*${west}.*\\} \\d`, "m"));
    }
    expect(text).toMatch(/^leeward_link_up\{.*\} 1$/m);
    expect(text).not.toContain(world.apiToken);
  });

  test("is scraped by a real Prometheus", async (context) => {
    const world = the();
    const found = spawnSync("prometheus", ["--version"]);
    if (found.error) context.skip("the program `prometheus` is not installed");
    const directory = join(world.directory, "prometheus");
    mkdirSync(directory);
    const target = new URL(world.apiUrl).host;
    const config = {
      global: { scrape_interval: "1s" },
      scrape_configs: [
        {
          job_name: "leeward",
          authorization: { credentials: world.apiToken },
          static_configs: [{ targets: [target] }],
        },
      ],
    };
    writeFileSync(join(directory, "prometheus.yml"), JSON.stringify(config), { mode: 0o600 });
    const address = `127.${world.number}.0.1:9090`;
    const options = [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
    ];
    await using prometheus = new Child(["prometheus", ...options], {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "" },
    });
    expect(prometheus.pid).toBeGreaterThan(0);
    const series = await until("Prometheus has scraped the lag", 30_000, async () => {
      const answer = await fetch(
        `http://${address}/api/v1/query?query=AuroraGlobalDBReplicationLag`,
      );
      const { data } = (await answer.json()) as { data: { result: { metric: object }[] } };
      return data.result.length > 0 && data.result;
    });
    expect(series.map(({ metric }) => metric)).toEqual([
      expect.objectContaining({ DBClusterIdentifier: `orders-${west}`, SourceRegion: east }),
    ]);
  });
});

describe.sequential("what happens", () => {
  test("is followed by events and status while it happens", async () => {
    const world = the();
    await using events = world.start(["events", "--follow", "--json"]);
    await using statuses = world.start(["status", "--watch", "--json"]);
    await events.prints(/database\.created/, 10_000);
    await statuses.prints(/"isReady":true.*\n/, 10_000);
    await world.ok(["region", "kill", west]);
    const [line] = await events.prints(/^\{.*"region\.killed".*\}$/m, 5_000);
    expect(JSON.parse(line) as ApiEvent).toMatchObject({ kind: "region.killed", region: west });
    await statuses.prints(/"state":"killed".*\n/, 5_000);
    for (const one of statuses.stdout.trim().split("\n").slice(0, -1)) {
      statusSchema.parse(JSON.parse(one));
    }
    await world.ok(["region", "start", west]);
    events.signal("SIGINT");
    expect(await events.ended(5_000)).toMatchObject({ code: 130 });
  });

  test("is followed across a controller that is killed", async () => {
    const world = the();
    await using events = world.start(["events", "--follow", "--json"]);
    await events.prints(/database\.created/, 10_000);
    process.kill(world.program("controller"), "SIGKILL");
    await world.untilReady();
    await world.ok(["link", "set", east, west, "--rtt", "33"]);
    const [line] = await events.prints(/^\{.*"link\.[a-z-]+".*\}$/m, 10_000);
    expect((JSON.parse(line) as ApiEvent).message).toContain("33");
    const ids = events.stdout
      .trim()
      .split("\n")
      .map((one) => (JSON.parse(one) as ApiEvent).id);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  test("is in the logs of a Region: its agent's and its servers'", async () => {
    const world = the();
    const text = await world.ok(["logs", west]);
    expect(text).toContain("us-west-2/orders-1");
    expect(text).toContain("agent-us-west-2");
    expect(text).toContain("started streaming WAL");
    expect(text).not.toContain("agent-us-east-1");
    for (const line of (await world.ok(["logs", "--json", "-n", "50"])).trim().split("\n")) {
      expect(typeof JSON.parse(line)).toBe("object");
    }
  });

  test("shows no secret in any log or settings that others can read", () => {
    const world = the();
    const secrets = new Set(
      [
        ...execFileSync("cat", [join(world.stateDirectory, "secrets", "world.json")], {
          encoding: "utf8",
        }).matchAll(/"([\w-]{20,})"/g),
      ].map(([, secret = ""]) => secret),
    );
    expect(secrets.size).toBeGreaterThan(4);
    const logs = execFileSync(
      "find",
      [world.stateDirectory, "-name", "*.log", "-exec", "cat", "{}", "+"],
      {
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    expect([...secrets].filter((secret) => logs.includes(secret))).toEqual([]);
    const commands = world
      .processes()
      .map(({ command }) => command)
      .join("\n");
    expect([...secrets].filter((secret) => commands.includes(secret))).toEqual([]);
  });
});

describe("a name that does not exist", () => {
  test.for([
    [["region", "kill", "us-eats-1"], 'There is no Region "us-eats-1"; did you mean us-east-1?'],
    [["region", "start", "mars"], 'There is no Region "mars"; there are: us-east-1, us-west-2'],
    [["psql", "order", "-c", "SELECT 1"], 'There is no database "order"; did you mean orders?'],
    [["psql", "orders", "--region", "us-wets-2", "-c", "SELECT 1"], "did you mean us-west-2?"],
    [["link", "set", "us-east-1", "us-west-3", "--down"], "did you mean us-west-2?"],
    [["logs", "us-wets-2"], "did you mean us-west-2?"],
  ] as const)("is told with the one that was meant: %s", async ([args, says]) => {
    const refused = await the().cli(args);
    expect(refused).toMatchObject({ code: 64, stdout: "" });
    expect(refused.stderr).toContain(says);
    expect(refused.stderr).toContain("hint:");
  });
});
