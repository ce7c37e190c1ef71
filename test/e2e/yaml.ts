/** A leeward.yaml for a test: JSON is YAML, and a test says only what it is about. */
export type WorldShape = {
  readonly name?: string;
  readonly addresses?: "shared";
  readonly ports?: number;
  readonly regions?: readonly string[];
  readonly links?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  readonly databases?: Readonly<Record<string, unknown>>;
  readonly gateway?: Readonly<Record<string, unknown>>;
  readonly postgres?: Readonly<Record<string, unknown>>;
  readonly services?: Readonly<Record<string, unknown>>;
  readonly traffic?: Readonly<Record<string, unknown>>;
  readonly pgbouncer?: Readonly<Record<string, unknown>>;
  readonly load?: Readonly<Record<string, unknown>>;
};

export const east = "us-east-1";
export const west = "us-west-2";

/** One server in each Region, the first is the primary's, and a role `app` that owns it. */
export const globalDatabase = {
  kind: "global",
  primary: east,
  roles: { app: { login: true } },
} as const;

export function yamlOf(world: number, shape: WorldShape = {}): string {
  const { name, addresses, ports, regions, links, databases } = shape;
  const { gateway, postgres, services, traffic, pgbouncer, load } = shape;
  const document = {
    name: name ?? "test-world",
    world,
    ...(addresses === undefined ? {} : { addresses }),
    ...(ports === undefined ? {} : { ports }),
    regions: Object.fromEntries((regions ?? [east, west]).map((region) => [region, {}])),
    // Short, because no test is about the example's 60 ms unless it says so.
    links: links ?? { default: { rttMs: 10 } },
    databases: databases ?? { orders: globalDatabase },
    // What is undefined is left out of JSON.
    gateway,
    postgres,
    services,
    traffic,
    pgbouncer,
    load,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
