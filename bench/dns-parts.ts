/** The processes of the DNS benchmark: starting them, and asking them. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Address } from "../src/model/address.ts";
import type { TrafficState } from "../src/model/traffic.ts";
import type { DnsWorld } from "./dns-world.ts";

export type DnsOrder =
  | { readonly kind: "cpu" }
  | { readonly kind: "follow"; readonly state: TrafficState };

/** This run's own loopback address: no world uses it, and two runs draw different ones. */
const host = `127.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}.9`;
let lastPort = 5_300;

export class DnsPart {
  readonly address: Address;
  readonly #child: ChildProcess;

  private constructor(address: Address, child: ChildProcess) {
    this.address = address;
    this.#child = child;
  }

  static async start(part: "echo" | "server", world?: DnsWorld): Promise<DnsPart> {
    const address = { host, port: (lastPort += 1) };
    const program = fileURLToPath(new URL("dns-part.ts", import.meta.url));
    const child = fork(program, [part, host, String(address.port), JSON.stringify(world ?? {})]);
    await Promise.race([once(child, "message"), once(child, "exit")]);
    if (child.exitCode !== null) throw new Error(`${part} ended with ${child.exitCode}`);
    return new DnsPart(address, child);
  }

  /** Of the whole process since its start, in ms. */
  cpuMs(): Promise<number> {
    return this.#order({ kind: "cpu" });
  }

  /** The moment, on the machine's monotonic clock, at which the server was told. */
  follow(state: TrafficState): Promise<number> {
    return this.#order({ kind: "follow", state });
  }

  close(): void {
    this.#child.kill();
  }

  async #order(order: DnsOrder): Promise<number> {
    this.#child.send(order);
    const [answer] = (await once(this.#child, "message")) as [number];
    return answer;
  }
}
