import { expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "./load.ts";
import { configShape } from "./schema.ts";
import { checkTraffic } from "./traffic-rules.ts";

const base = {
  name: "shop",
  regions: { east: {}, west: {} },
  databases: { orders: { primary: "east", roles: { app: {} } } },
};

/** The rules that a world breaks, as `path: message`. The shape must be right. */
function breaches(yaml: string): readonly string[] {
  const document = configShape.parse({ ...base, ...(parse(yaml) as object) });
  return checkTraffic(document).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const web = (fields: string): string =>
  `services: { web: { command: [web], port: 8443${fields} } }`;
const entry = (fields: string): string => `${web("")}\ntraffic: { ${fields} }`;

test("services, an entry, a distribution and a PgBouncer in order break no rule", () => {
  expect(
    breaches(`services:
  web: { command: [node, web.js], port: 8443, health: /health, needs: [orders, cache], regions: [east] }
  cache: { kind: redis, port: 6379 }
pgbouncer: { names: { gdbdemo: { database: orders } }, regions: [west] }
traffic:
  entry: { service: web, policy: weighted }
  health: { database: orders }
  regions: { east: { dial: 50 } }
  distribution: { origin: east, database: orders }
  panels: { shop: { controls: { a: { region: east }, b: { region: west, service: web } }, rules: { one: {} } } }`),
  ).toEqual([]);
});

test.for([
  ["a service needs what there is", web(", needs: [nothing]"), /needs\.0: is "nothing"/],
  ["a service uses what there is", web(", uses: [nothing]"), /uses\.0: is "nothing"/],
  ["a service runs in Regions that there are", web(", regions: [moon]"), /regions\.0: is "moon"/],
  [
    "a service is not called as a database",
    "services: { orders: { command: [a], port: 9000 } }",
    /name of a database/,
  ],
  [
    "a service is not called as a name of the zone's own",
    "services: { edge: { command: [a], port: 9000 } }",
    /DNS zone's own/,
  ],
  ["a program has to be named", "services: { web: { port: 9000 } }", /command: is missing/],
  [
    "what Leeward starts has no command",
    "services: { c: { kind: redis, port: 9000, command: [a] } }",
    /no place here/,
  ],
  [
    "there is one Redis in a Region",
    "services: { c: { kind: redis, port: 9000, replicas: 2 } }",
    /is more than 1/,
  ],
  [
    "the gateway's port is taken",
    "services: { web: { command: [a], port: 6432 } }",
    /is 6432, which is the gateway's/,
  ],
  [
    "two services have two ports",
    "services: { a: { command: [a], port: 9000 }, b: { command: [b], port: 9000 } }",
    /services\.b\.port: is 9000, which `a`/,
  ],
  [
    "min is not above max",
    web(", replicas: { min: 3, max: 2 }"),
    /replicas\.min: is 3, and `max` is 2/,
  ],
  ["tcp has no path", web(", protocol: tcp, health: /health"), /names a path/],
  [
    "services do not wait for each other",
    "services: { a: { command: [a], port: 9000, needs: [b] }, b: { command: [b], port: 9001, needs: [a] } }",
    /services\.a\.needs: leads back/,
  ],
  [
    "an unknown filling is refused",
    web(', environment: { A: "${secret}" }'),
    /environment\.A: holds \$\{secret\}/,
  ],
  [
    "a password belongs to a role",
    web(', environment: { A: "${password:orders/root}" }'),
    /no such role/,
  ],
  [
    "a secret's name is written small",
    web(', environment: { A: "${secret:My_Key}" }'),
    /environment\.A: holds \$\{secret:My_Key\}; the name of a secret is .* for example \$\{secret:session\}/,
  ],
  [
    "the entry leads to a service",
    "traffic: { entry: { service: web } }",
    /entry\.service: is "web"/,
  ],
  [
    "the entry speaks http",
    "services: { web: { command: [a], port: 9000, protocol: tcp } }\ntraffic: { entry: { service: web } }",
    /speaks tcp/,
  ],
  [
    "a distribution needs an entry",
    "traffic: { distribution: {} }",
    /distribution: needs an `entry`/,
  ],
  [
    "an origin is where the entry's service runs",
    `${web(", regions: [east]")}\ntraffic: { entry: { service: web }, distribution: { origin: west } }`,
    /origin: is "west", where the entry's service "web" does not run/,
  ],
  [
    "an origin is a Region",
    entry("entry: { service: web }, distribution: { origin: moon }"),
    /origin: is "moon"/,
  ],
  ["health names a database", entry("health: { database: moon }"), /health\.database: is "moon"/],
  ["dials are of Regions", entry("regions: { moon: { dial: 1 } }"), /regions\.moon: is "moon"/],
  [
    "a control switches a Region",
    "traffic: { panels: { p: { controls: { a: { region: moon } } } } }",
    /region: is "moon"/,
  ],
  [
    "a control is in one panel",
    "traffic: { panels: { p: { controls: { a: { region: east } } }, q: { controls: { a: { region: east } } } } }",
    /is a control of `p` already/,
  ],
  [
    "a rule is about controls of its panel",
    "traffic: { panels: { p: { controls: { a: { region: east } }, rules: { r: { controls: [b] } } } } }",
    /rules\.r\.controls\.0: is "b"/,
  ],
  [
    "a rule can hold",
    "traffic: { panels: { p: { controls: { a: { region: east } }, rules: { r: { threshold: 2 } } } } }",
    /threshold: is 2, and the rule is about 1/,
  ],
  [
    "PgBouncer leads to databases",
    "pgbouncer: { names: { x: { database: moon } } }",
    /names\.x\.database: is "moon"/,
  ],
  [
    "PgBouncer's console has its name",
    "pgbouncer: { names: { pgbouncer: { database: orders } } }",
    /own console/,
  ],
  [
    "PgBouncer runs in Regions",
    "pgbouncer: { regions: [moon] }",
    /pgbouncer\.regions\.0: is "moon"/,
  ],
] as const)("%s", ([, yaml, words]) => {
  expect(breaches(yaml).join("\n")).toMatch(words);
});

test("with a PgBouncer, no two databases have a role of the same name", () => {
  const two = `databases: { orders: { primary: east, roles: { app: {} } }, notes: { kind: local, roles: { app: {} } } }`;
  expect(breaches(two)).toEqual([]);
  expect(breaches(`${two}\npgbouncer: {}`).join()).toMatch(
    /databases\.notes\.roles\.app: is a role of `orders`/,
  );
});

test("what is left out is filled in: checks, replicas, the default panel", () => {
  const { config } = loadConfig(
    `name: shop
regions: { east: {}, west: {} }
databases: { orders: { primary: east } }
services: { web: { command: [web], port: 8443, replicas: 2 } }
traffic: { entry: { service: web } }`,
    "leeward.yaml",
  );
  expect(config.services[0]).toMatchObject({
    health: {
      path: undefined,
      intervalMs: 500,
      timeoutMs: 400,
      healthyThreshold: 1,
      unhealthyThreshold: 2,
    },
    scaling: { min: 2, max: 2, cpuPercent: undefined },
    regions: ["east", "west"],
  });
  expect(config.traffic).toMatchObject({
    zone: "leeward.internal",
    entry: { service: "web", policy: "nearest", trustForwarded: false },
    regions: [
      { region: "east", dial: 100, weight: 128 },
      { region: "west", dial: 100, weight: 128 },
    ],
    panels: [
      {
        id: "default",
        controls: [
          { id: "east", region: "east", isOn: true },
          { id: "west", region: "west", isOn: true },
        ],
        rules: [{ id: "at-least-one-on", condition: { kind: "atleast", threshold: 1 } }],
      },
    ],
  });
});
