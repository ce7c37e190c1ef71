/** Raw clients of a world, and the same said by one at PostgreSQL itself and by one at each gateway. */
import { expect } from "vitest";
import type { Address } from "../../src/model/address.ts";
import type { RegionId } from "../../src/model/region.ts";
import {
  encodeBind,
  encodeDescribe,
  encodeExecute,
  encodeParse,
} from "../../src/wire/postgres/frontend-messages.ts";
import { sql } from "../postgres/scratch.ts";
import { inWords, RawClient, type Message, type RawLogin } from "./raw-client.ts";
import { east, west, type TwoRegions } from "./two-regions.ts";

/** Parse, Bind, Execute of a statement without a name. */
export function run(text: string, values: readonly string[] = []): readonly Buffer[] {
  return [encodeParse("", text), ...again("", values)];
}

export function again(statement: string, values: readonly string[] = []): readonly Buffer[] {
  return [encodeBind({ portal: "", statement, values }), encodeExecute("")];
}

/** The same, and what it returns. */
export function againDescribed(statement: string): readonly Buffer[] {
  const [bind, execute] = again(statement) as [Buffer, Buffer];
  return [bind, encodeDescribe("portal", ""), execute];
}

/** `place` is `direct`, `east` or `west`: for names of their own. */
export type Steps = (client: RawClient, place: string) => Promise<readonly Message[]>;

export class RawClients {
  readonly #world: TwoRegions;
  readonly #open: RawClient[] = [];

  constructor(world: TwoRegions) {
    this.#world = world;
  }

  at(region: RegionId): Address {
    return this.#world.place(region).listen;
  }

  async login(address: Address, more: RawLogin = {}): Promise<RawClient> {
    const client = await RawClient.login(address, more);
    this.#open.push(client);
    return client;
  }

  closeAll(): void {
    for (const one of this.#open.splice(0)) one.close();
  }

  /** At the writer itself. */
  direct(text: string): ReturnType<typeof sql> {
    return sql(this.#world.place(east).instance, text);
  }

  /** Answers what PostgreSQL itself says, when both gateways have said the same. */
  async expectAlike(steps: Steps, database = "orders"): Promise<readonly string[]> {
    const places = {
      direct: this.#world.place(east).instance,
      east: this.at(east),
      west: this.at(west),
    };
    const answers: (readonly string[])[] = [];
    for (const [place, address] of Object.entries(places)) {
      const client = await this.login(address, place === "direct" ? {} : { database });
      answers.push(inWords(await steps(client, place)));
      client.close();
    }
    const [itself = [], ...others] = answers;
    for (const other of others) {
      // oxlint-disable-next-line vitest/no-standalone-expect -- It is called by tests.
      expect(other).toEqual(itself);
    }
    return itself;
  }
}
