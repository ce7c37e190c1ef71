/** A `world:` of a test's own, so that test files side by side, and other runs on the machine, never meet. */
import { createServer, type Server } from "node:net";

/** Worlds from 10 to 189: below are those of people, above are the addresses of tests without a world. */
const first = 10;
const count = 180;
/** Nothing of a world listens here: whoever listens has taken the world's number. */
const reservedPort = 7399;
const apiPort = 7400;

export type Reservation = { readonly world: number; readonly release: () => void };

export async function reserveWorld(): Promise<Reservation> {
  for (let tried = 0; tried < count; tried += 1) {
    const world = first + ((process.pid * 7 + tried) % count);
    const holder = await listen(world, reservedPort);
    if (!holder) continue;
    const api = await listen(world, apiPort);
    if (api) {
      await new Promise((resolve) => api.close(resolve));
      return { world, release: () => void holder.close() };
    }
    holder.close();
  }
  throw new Error(`All ${count} worlds of this machine are taken`);
}

/** Undefined when somebody else listens there. */
export function listen(
  world: number,
  port: number,
  region = 0,
  last = 1,
): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on("error", () => resolve(undefined));
    server.listen({ host: `127.${world}.${region}.${last}`, port, exclusive: true }, () =>
      resolve(server.unref()),
    );
  });
}
