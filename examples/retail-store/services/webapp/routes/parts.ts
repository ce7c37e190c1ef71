/** What all routes of pages are given, and the inputs that several of them read. */
import { z } from "zod";
import type { Shop } from "../shop/shop.ts";
import type { Site } from "../site.ts";

export type RouteParts = { readonly shop: Shop; readonly site: Site };

/** As in PostgreSQL: an integer. */
export const productId = z.coerce.number().int().min(1).max(2_147_483_647);

/** 10,000 pages: what is beyond is the first again, as is what is no number. */
export const pageNumber = z.coerce.number().int().min(1).max(10_000).catch(1);

/** See notes.ts; what is not one of ours is ignored there. */
export const noteName = z.string().max(40).optional().catch(undefined);
