/**
 * What an instance has on its machine: a data directory and perhaps a server process. Both outlive the agent;
 * the directory outlives everything but its disk.
 */
import type { Address } from "../src/model/address.ts";
import type { InstanceId, SystemId } from "../src/model/region.ts";
import type { StartAs, Upstream } from "../src/postgres/postgres.ts";
import type { Place } from "./network.ts";

export type SimSlot = { restartLsn: number; isLost: boolean };

export type SimData =
  | { readonly kind: "absent" }
  | { readonly kind: "unfinished" }
  | {
      readonly kind: "present";
      readonly systemId: SystemId;
      isStandby: boolean;
      flushedLsn: number;
      readonly slots: Map<string, SimSlot>;
    };

export type SimFinishedData = Extract<SimData, { readonly kind: "present" }>;

/** A server process. */
export class SimServer {
  as: StartAs;
  isReady = false;
  hasEnded = false;
  readonly ended: Promise<string>;
  readonly #settle: (how: string) => void;

  constructor(as: StartAs) {
    this.as = as;
    let settle: (how: string) => void = () => undefined;
    this.ended = new Promise((resolve) => (settle = resolve));
    this.#settle = settle;
  }

  end(how: string): void {
    this.hasEnded = true;
    this.#settle(how);
  }
}

export class SimHost {
  readonly id: InstanceId;
  readonly address: Address;
  data: SimData = { kind: "absent" };
  isDiskFull = false;
  server: SimServer | undefined;

  constructor(id: InstanceId, address: Address) {
    this.id = id;
    this.address = address;
  }

  get place(): Place {
    return this.id.region;
  }

  /** The data of a server that answers; undefined when none does. */
  get serving(): SimFinishedData | undefined {
    return this.server?.isReady && this.data.kind === "present" ? this.data : undefined;
  }

  get isPrimary(): boolean {
    return this.server?.as.kind === "primary";
  }

  get upstream(): Upstream | undefined {
    return this.server?.as.kind === "secondary" ? this.server.as.upstream : undefined;
  }

  endServer(how: string): void {
    this.server?.end(how);
    this.server = undefined;
  }
}
