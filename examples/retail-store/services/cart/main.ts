/** The cart service: carts that are written in every Region at once. */
import { z } from "zod";
import { serviceClient } from "../shared/client.ts";
import { openDatabase } from "../shared/database.ts";
import { databaseEnvironment, readEnvironment } from "../shared/environment.ts";
import { startService } from "../shared/service.ts";
import { openCartService } from "./open-cart.ts";
import { parsePeers } from "./peers.ts";

const environment = readEnvironment(
  databaseEnvironment.extend({
    CARTS_URL: z.url(),
    CARTS_PEERS: z.string().default(""),
    PRODUCT_URL: z.url(),
    PGPASSFILE: z.string().optional(),
  }),
);

await startService(
  await openCartService({
    environment,
    database: openDatabase({ url: environment.CARTS_URL, manner: "gateway", isLocal: true }),
    products: serviceClient("product", environment.PRODUCT_URL),
    peers: parsePeers(environment.CARTS_PEERS),
    passFile: environment.PGPASSFILE,
  }),
);
