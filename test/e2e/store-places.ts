/** Where the shop reads and writes, by its own word and by PgBouncer's file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { until } from "./until.ts";
import { visit } from "./visitors.ts";
import type { World } from "./world.ts";
import { east, west } from "./yaml.ts";

const server = z.object({ inet_server_addr: z.ipv4() });
const apiProductSchema = z.strictObject({
  Aurora: z.strictObject({ reader: server, writer: server }),
  Lab: z.string(),
  instanceId: z.string(),
  region: z.string(),
});

export type ApiProduct = z.output<typeof apiProductSchema>;

/** In a test world: 1 for the first Region of its leeward.yaml. */
export function regionIndex(region: string): number {
  return region === east ? 1 : 2;
}

/** `curl -H 'x-near: REGION' <entry>/apiproduct`. */
export async function apiProduct(world: World, region: string): Promise<ApiProduct> {
  const entry = `http://127.${world.number}.0.1:8080`;
  const { body } = await visit(`${entry}/apiproduct`, { headers: { "x-near": region } });
  return apiProductSchema.parse(JSON.parse(body));
}

/** Each Region reads from its own servers, and writes to those of `writer`. */
export async function untilReadHereWriteThere(world: World, writer: string): Promise<void> {
  const isIn = (region: string, address: string): boolean =>
    address.startsWith(`127.${world.number}.${regionIndex(region)}.`);
  for (const region of [east, west]) {
    await until(`${region} reads at home and writes in ${writer}`, 20_000, async () => {
      const { Aurora, region: answered } = await apiProduct(world, region);
      const { reader, writer: writes } = Aurora;
      return (
        answered === region &&
        isIn(region, reader.inet_server_addr) &&
        isIn(writer, writes.inet_server_addr)
      );
    });
  }
}

/** `egrep ^gdbdemo pgbouncer.ini` in a Region. */
export function gdbdemoLines(world: World, region: string): readonly string[] {
  const file = join(world.stateDirectory, "regions", region, "pgbouncer", "pgbouncer.ini");
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("gdbdemo"));
}
