import type { BaseEnvironment } from "../shared/environment.ts";
import type { ServiceParts } from "../shared/service.ts";
import { Checkouts } from "./checkout.ts";
import { FallbackStates } from "./fallback-states.ts";
import { otherServices, type Addresses } from "./other-services.ts";
import { RecentStates } from "./recent-states.ts";
import { RedisStates } from "./redis-states.ts";
import { addRoutes } from "./routes.ts";
import { States } from "./states.ts";

/** 1 s: a Redis that is there has answered by then, and one that is not keeps nobody from a start. */
const redisMsMax = 1_000;

/** Once a minute: what has expired is not seen by anybody, and takes room only. */
const pruneEveryMs = 60_000;

export type CheckoutEnvironment = BaseEnvironment &
  Addresses & { readonly REDIS_URL: string; readonly CARTS_URL: string };

/** The parts of the service; connections are made in the background, and let go of by its `close`. */
export async function openCheckout(environment: CheckoutEnvironment): Promise<ServiceParts> {
  const redis = new RedisStates(environment.REDIS_URL);
  const fallback = new FallbackStates(environment.CARTS_URL);
  const others = otherServices(environment);
  await redis.ready(redisMsMax);
  const checkouts = new Checkouts(new States(redis, fallback, new RecentStates()), others);
  // What it cannot do now it does in a minute.
  const pruning = setInterval(() => void fallback.prune().catch(() => undefined), pruneEveryMs);
  return {
    name: "checkout",
    environment,
    routes: (service) => {
      redis.watch((change) => service.log.warn(change));
      addRoutes(service, checkouts);
    },
    deepHealth: async () => ({ redis: await redis.health(), fallback: await fallback.health() }),
    close: async () => {
      clearInterval(pruning);
      await Promise.all([redis.close(), fallback.close(), others.close()]);
    },
  };
}
