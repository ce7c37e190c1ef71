/** Pages of a category, as many people ask for the same one: each is read once a second at the most. */
import type { Database } from "../shared/database.ts";
import { listCategory, type Answered, type Found, type Order } from "./catalogue.ts";
import { hold, type Held } from "./held.ts";
import type { Page } from "./product.ts";

export interface Lists {
  /** At most a second old while the catalogue answers; when it does not, the last that is known. Prices of orders do not come from here. */
  category(asked: Asked, page: Page): Promise<Answered<Found>>;
}

type Asked = {
  readonly category: string;
  readonly tag: string | undefined;
  readonly order: Order;
};

/** 1 s, as the stock that is shown beside it. */
const freshMs = 1_000;

/** 250 ms: nobody waits for a database that is lost while there is something to show. */
const waitMs = 250;

/** 200 pages, some 10 kB each: all that people look at. Of more, the one that was opened first is forgotten. */
const pagesMax = 200;

/** `catalog` stays the caller's. */
export function openLists(catalog: Pick<Database, "read">): Lists {
  const pages = new Map<string, Held<Answered<Found>>>();
  return {
    category: (asked, page) => {
      const key = JSON.stringify([asked.category, asked.tag, asked.order, page.page, page.size]);
      let held = pages.get(key);
      if (!held) {
        held = hold(() => listCategory(catalog, asked, page), { freshMs, waitMs });
        pages.set(key, held);
        const [first] = pages.keys();
        if (pages.size > pagesMax && first !== undefined) pages.delete(first);
      }
      return held.get();
    },
  };
}
