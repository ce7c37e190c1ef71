/** Who answers, and what sells: for people and for programs. */
import { z } from "zod";
import type { Service } from "../../shared/service.ts";
import { bestSellersPage, intervals, visitsPage } from "../pages/about.ts";
import { popularProducts } from "../shop/catalogue.ts";
import type { Shop } from "../shop/shop.ts";
import type { Place } from "../visitor.ts";
import type { RouteParts } from "./parts.ts";

const bestSellersTop = 12;

const intervalQuery = z.object({
  interval: z.coerce.number().pipe(z.literal(intervals)).catch(30),
});

/** `/visits/` and `/analytic`. */
export function aboutRoutes(pages: Service, { shop, site }: RouteParts): void {
  pages.get("/visits/", (request, reply) => {
    const visitor = site.visitorOf(request);
    visitor.remember({ visits: visitor.session.visits + 1 });
    return site.page(request, reply, { title: "Which server is this?", main: visitsPage(visitor) });
  });
  pages.get("/visits", (request, reply) => site.redirect(request, reply, "/visits/"));

  pages.get("/analytic", { schema: { querystring: intervalQuery } }, async (request, reply) => {
    const days = request.query.interval;
    const visitor = site.visitorOf(request);
    const products = await popularProducts(shop, visitor, { top: bestSellersTop, days });
    return site.page(request, reply, {
      title: "Best sellers",
      category: "best-sellers",
      main: bestSellersPage(products, days),
    });
  });
}

type WhereAmI = {
  readonly reader: { readonly inet_server_addr: string };
  readonly writer: { readonly inet_server_addr: string };
};

export type WhereParts = { readonly shop: Shop; readonly place: Place };

/** As JSON, without a session. */
export function whereRoutes(
  service: Service,
  { shop, place: { region, replica } }: WhereParts,
): void {
  const whereami = async (): Promise<WhereAmI> =>
    (await shop.product.call<WhereAmI>("GET", "/products/whereami")).body;
  service.get("/apiproduct", async () => ({
    Aurora: await whereami(),
    Lab: "Leeward retail store",
    instanceId: `${region}/webapp/${replica}`,
    region,
  }));
  service.get("/products/whereami", whereami);
}
