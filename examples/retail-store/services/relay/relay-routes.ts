/** What the relay does, for people and for proofs. */
import type { Database } from "../shared/database.ts";
import type { Service } from "../shared/service.ts";
import { countWaiting } from "./outbox.ts";
import type { Relay } from "./relay.ts";

export function addRelayRoutes(
  service: Service,
  { relay, database }: { readonly relay: Relay; readonly database: Database },
): void {
  service.get("/status", async () => {
    const waiting = await countWaiting(database);
    return { ...relay.status, waiting };
  });
}
