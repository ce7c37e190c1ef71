/** A gateway in front of one Region's carts database, in this process; the agent's part is played by the test. */
import { nodeClock } from "../../src/env/node/clock.ts";
import { NodeByteSockets } from "../../src/env/node/byte-sockets.ts";
import { nodeRandom } from "../../src/env/node/random.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import type { Address } from "../../src/model/address.ts";
import type { DatabaseId, Epoch, RegionId } from "../../src/model/region.ts";
import { openStatementBook } from "../../src/sql/open-book.ts";
import { Secret } from "../../src/std/secret.ts";
import { clock, drawAddress, silent, superuserPassword } from "../postgres/scratch.ts";
import { limits } from "../gateway/two-regions.ts";
import type { Side } from "./two-carts.ts";

export type CartsGateway = AsyncDisposable & { readonly listen: Address };

const carts = "carts" as DatabaseId;

export async function openCartsGateway(side: Side): Promise<CartsGateway> {
  const region = side.region as string as RegionId;
  const listen = { ...drawAddress(), port: 6432 };
  const end = new AbortController();
  const gateway = await Gateway.open(
    {
      logLevel: "error",
      region,
      listen,
      agent: { address: drawAddress(), token: new Secret("token-of-the-test") },
      peers: [],
      adminUser: "leeward",
      adminPassword: superuserPassword,
      databases: [
        {
          database: carts,
          kind: "local",
          consistency: "session",
          superuserPassword,
          roles: [],
        },
      ],
      names: [{ name: "carts", database: carts, mode: "forward" }],
      limits,
      commitCertainty: false,
      tls: undefined,
    },
    {
      clock,
      log: silent,
      random: nodeRandom,
      sockets: new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined }),
      openBook: () => openStatementBook({ clock: nodeClock, log: silent }),
      tell: () => undefined,
    },
    end.signal,
  );
  await gateway.listen();
  const running = gateway.run();
  gateway.follow([
    {
      database: carts,
      systemId: side.systemId,
      epoch: 1 as Epoch,
      writer: region,
      acceptsWrites: true,
      leaseUntilMs: clock.monotonicMs() + 3_600_000,
      timeline: 1,
      instances: [{ number: 1, address: side.address, isServing: true }],
      forks: [],
      hold: undefined,
    },
  ]);
  return {
    listen,
    [Symbol.asyncDispose]: async () => {
      end.abort(new Error("the test is over"));
      await running;
    },
  };
}
