/** The services that the pages are made from. */
import type { ServiceClient } from "../../shared/client.ts";

export type Shop = {
  readonly product: ServiceClient;
  readonly cart: ServiceClient;
  readonly user: ServiceClient;
  readonly checkout: ServiceClient;
  readonly order: ServiceClient;
  readonly assets: ServiceClient;
};
