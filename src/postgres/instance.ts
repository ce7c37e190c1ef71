/** What every part of an instance has to know of it, and the doors it acts through. */
import type { Clock, Log, Random } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import type { Secret } from "../std/secret.ts";
import type { Installation } from "./installation.ts";
import type { InstancePaths } from "./instance-directory.ts";
import type { RunAs, User } from "./run-as.ts";

export type Instance = {
  readonly paths: InstancePaths;
  readonly address: Address;
  readonly installation: Installation;
  readonly runAs: RunAs;
  /** The same on every member of one global database. */
  readonly passwords: { readonly superuser: Secret; readonly replicator: Secret };
  /** CIDR ranges that may log in, with a password: `127.0.1.0/24`. */
  readonly allowFrom: readonly string[];
  /** The user's own parameters of postgresql.conf; they go before Leeward's choices, not before its promises. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  readonly slotWalKeepMegabytes: number;
  readonly diskReserveBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Who has to own the data directory, when that is not the present user. */
export function dataOwner(instance: Instance): User | undefined {
  return instance.runAs.kind === "other-user" ? instance.runAs.user : undefined;
}
