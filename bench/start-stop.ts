/** How long a user waits for `up` and `down`. */
import { withBenchWorld } from "./bench-world.ts";
import { figure, type Figure } from "./figure.ts";

export async function measureStartStop(isQuick: boolean): Promise<readonly Figure[]> {
  const firstMs: number[] = [];
  const againMs: number[] = [];
  const downMs: number[] = [];
  for (let left = isQuick ? 2 : 5; left > 0; left -= 1) {
    await withBenchWorld(async (world) => {
      firstMs.push(await world.run("up", "--detach"));
      const client = await world.connect("orders");
      await client.query("CREATE TABLE t AS SELECT generate_series(1, 10000) AS id");
      await client.end();
      downMs.push(await world.run("down"));
      againMs.push(await world.run("up", "--detach"));
      downMs.push(await world.run("down"));
    });
  }
  const atMost = (value: number) => ({ limit: { kind: "at-most", value } }) as const;
  return [
    figure("up, from nothing", "ms", firstMs, atMost(10_000)),
    figure("up, with data", "ms", againMs, atMost(4_000)),
    figure("down", "ms", downMs, atMost(2_000)),
  ];
}
