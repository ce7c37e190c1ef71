/** Puts the web application together: pages with a session, and beside them what needs none. */
import type { Service } from "../shared/service.ts";
import { accountRoutes } from "./routes/account.ts";
import { aboutRoutes, whereRoutes } from "./routes/about.ts";
import { cartRoutes } from "./routes/cart.ts";
import { catalogueRoutes } from "./routes/catalogue.ts";
import { checkoutRoutes } from "./routes/checkout.ts";
import { orderRoutes } from "./routes/orders.ts";
import { pictureRoutes } from "./routes/pictures.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Shop } from "./shop/shop.ts";
import { prepareSite } from "./site.ts";
import { readStylesheet, serveStaticFiles } from "./static-files.ts";
import type { Place } from "./visitor.ts";

export type WebappParts = {
  readonly shop: Shop;
  /** `SESSION_KEY`: the same for every replica in every Region. */
  readonly key: string;
  readonly place: Place;
};

/** For `startService`. */
export function webappRoutes({
  shop,
  key,
  place,
}: WebappParts): (service: Service) => Promise<void> {
  return async (service) => {
    const stylesheet = readStylesheet();
    const headers = await securityHeaders();
    serveStaticFiles(service, stylesheet);
    pictureRoutes(service, shop.assets);
    whereRoutes(service, { shop, place });
    await service.register(async (pages) => {
      const site = await prepareSite(pages, { place, key, headers, stylesheet: stylesheet.path });
      const parts = { shop, site };
      catalogueRoutes(pages, parts);
      cartRoutes(pages, parts);
      checkoutRoutes(pages, parts);
      orderRoutes(pages, parts);
      accountRoutes(pages, parts);
      aboutRoutes(pages, parts);
    });
  };
}
