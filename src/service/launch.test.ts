import { expect, test } from "vitest";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import { Secret } from "../std/secret.ts";
import type { ServiceSettings } from "../wire/program-settings.ts";
import { fingerprintOf, planLaunch, programOf, type Launch } from "./launch.ts";
import { redact } from "./redact.ts";
import { Trouble } from "./trouble.ts";

const base: ServiceSettings = {
  service: "webapp" as ServiceId,
  kind: "command",
  command: ["node", "app.js"],
  workingDirectory: "/app",
  directory: "/state/services/webapp",
  address: { host: "127.0.1.1", port: 8000 },
  replicas: [
    { host: "127.0.1.4", port: 20_001 },
    { host: "127.0.1.4", port: 20_002 },
  ],
  health: {
    path: "/health",
    intervalMs: 500,
    timeoutMs: 400,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
  },
  scaling: {
    min: 1,
    max: 2,
    cpuPercent: undefined,
    cpuRequestMillis: 250,
    tolerance: 0.1,
    scaleDownStabilizationMs: 300_000,
  },
  needs: [],
  needsDatabases: [],
  environment: [
    { name: "SELF", value: new Secret("http://${host}:${port}/${replica}") },
    { name: "PORT", value: new Secret("1") },
  ],
  pgpass: [],
  startMs: 30_000,
  stopMs: 10_000,
};
const inherited = [{ name: "PATH", value: "/bin" }];

function plan(settings: ServiceSettings, number = 1): Launch {
  const program = programOf(settings) && {
    path: "/cache/program",
    environment: [{ name: "LD_LIBRARY_PATH", value: "/cache/lib" }],
    from: "cache" as const,
  };
  return planLaunch({ settings, number, mark: "m", inherited, program, drawHex: () => "c00c1e" });
}

test("a replica is told its own host, port and number, whatever the user says of them", () => {
  const { environment } = plan(base, 2);
  expect(environment).toEqual([
    { name: "PATH", value: "/bin" },
    { name: "SELF", value: "http://127.0.1.4:20002/2" },
    { name: "PORT", value: "20002" },
    { name: "HOST", value: "127.0.1.4" },
    { name: "LEEWARD_REPLICA", value: "2" },
    { name: "LEEWARD_SERVICE_KEY", value: "m" },
  ]);
});

test("passwords of databases lie in a file for its owner alone, and never in the words of the command", () => {
  const pgpass = [new Secret("*:*:orders:app:pass\\:word")];
  const { files, environment, command } = plan({ ...base, pgpass });
  expect(files).toEqual([
    {
      path: "/state/services/webapp/pgpass",
      text: "*:*:orders:app:pass\\:word\n",
      mode: 0o600,
      isKept: false,
    },
  ]);
  expect(environment).toContainEqual({
    name: "PGPASSFILE",
    value: "/state/services/webapp/pgpass",
  });
  expect(JSON.stringify(command)).not.toContain("word");
});

test("each thing that a replica is started with changes its fingerprint, and a health check does not", () => {
  const of = (settings: ServiceSettings): string => fingerprintOf(settings, 1, inherited);
  const others: readonly ServiceSettings[] = [
    { ...base, command: ["node", "other.js"] },
    { ...base, workingDirectory: "/other" },
    { ...base, environment: [{ name: "SELF", value: new Secret("other") }] },
    { ...base, pgpass: [new Secret("*:*:orders:app:other")] },
    { ...base, replicas: [{ host: "127.0.1.4", port: 20_005 }] },
  ];
  expect(new Set([base, ...others].map(of)).size).toBe(others.length + 1);
  expect(of({ ...base, health: { ...base.health, intervalMs: 1 } })).toBe(of(base));
  expect(fingerprintOf(base, 2, inherited)).not.toBe(of(base));
});

test("Redis without a password answers to loopback only", () => {
  const redis: ServiceSettings = {
    ...base,
    kind: "redis",
    command: [],
    replicas: [{ host: "127.0.1.1", port: 6379 }],
  };
  const text = (settings: ServiceSettings): string => plan(settings).files[0]?.text ?? "";
  expect(plan(redis).command).toEqual(["/cache/program", "/state/services/webapp/redis.conf"]);
  expect(text(redis)).toMatch(/^bind 127\.0\.1\.1\nport 6379\nprotected-mode no\n/);
  expect(text({ ...redis, replicas: [{ host: "10.0.0.1", port: 6379 }] })).toContain(
    "protected-mode yes",
  );
});

test("RabbitMQ is bound to its Region with both its ports, and starts no epmd", () => {
  const rabbitmq: ServiceSettings = {
    ...base,
    kind: "rabbitmq",
    command: [],
    replicas: [{ host: "127.7.2.1", port: 5672 }],
  };
  const { environment, files } = plan(rabbitmq);
  const erlang = environment.find(({ name }) => name.endsWith("_ADDITIONAL_ERL_ARGS"))?.value;
  expect(erlang).toBe(
    "-name leeward@127.7.2.1 -kernel inet_dist_use_interface {127,7,2,1} -start_epmd false -erl_epmd_port 25672",
  );
  expect(environment).toContainEqual({ name: "HOME", value: base.directory });
  const cookie = files.find(({ path }) => path.endsWith("/.erlang.cookie"));
  expect(cookie).toMatchObject({ text: "c00c1e", mode: 0o600, isKept: true });
});

test("no secret of a service is repeated from what it printed", () => {
  const settings: ServiceSettings = {
    ...base,
    environment: [
      { name: "API_TOKEN", value: new Secret("t0ken-of-the-api") },
      { name: "ORDERS_URL", value: new Secret("postgres://app:p%40ss-word@h/orders") },
      { name: "MODE", value: new Secret("dev") },
    ],
    pgpass: [new Secret("*:*:orders:app:sec\\:ret-word")],
  };
  const said = "dev t0ken-of-the-api p@ss-word p%40ss-word sec:ret-word sec\\:ret-word end";
  expect(redact(said, settings)).toBe("dev *** *** *** *** *** end");
});

test("a crash loop is told of once, and again after it was well", () => {
  const kinds: string[] = [];
  const clock = { monotonicMs: () => 0, wallMs: () => 0, sleep: () => Promise.resolve() };
  const place = { service: base.service, region: "us-east-1" as RegionId };
  const trouble = new Trouble(place, clock, ({ kind }) => kinds.push(kind));
  for (let time = 0; time < 20; time += 1) trouble.failed(1, "it exited with code 1");
  const expected = [...Array<string>(3).fill("service.replica-failed"), "service.crash-looping"];
  expect(kinds).toEqual(expected);
  trouble.isOver();
  trouble.failed(1, "it exited with code 1");
  expect(kinds).toEqual([...expected, "service.replica-failed"]);
});
