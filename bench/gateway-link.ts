import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Address } from "../src/model/address.ts";
import { drawAddress } from "../test/postgres/scratch.ts";
import { root } from "./bench-world.ts";

export type GatewayLink = { readonly address: Address; end(): Promise<void> };

/** A link of `rttMs` to `target`, which answers at `address`. */
export async function startGatewayLink(target: Address, rttMs: number): Promise<GatewayLink> {
  const address = { host: drawAddress().host, port: 6432 };
  const words = [address.host, address.port, target.host, target.port, rttMs].map(String);
  const child = fork(join(root, "bench", "gateway-link-part.ts"), words);
  const ended = once(child, "exit");
  await Promise.race([once(child, "message"), ended]);
  if (child.exitCode !== null) throw new Error(`the link ended with ${child.exitCode}`);
  const end = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return { address, end };
}
