/** What the service says of a product. */

/** As the catalogue has it. */
export type CatalogueProduct = {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly img_url: string;
  readonly category: string;
  readonly price: number;
  /** Mean of 1 to 5, with one decimal; 0 without reviews. */
  readonly rating: number;
  /** How many. */
  readonly reviews: number;
  readonly tags: readonly string[];
};

/** With the pieces that are left. */
export type Product = CatalogueProduct & { readonly inventory: number };

export type ProductList = {
  readonly product_items: readonly Product[];
  readonly page: number;
  readonly size: number;
  readonly total: number;
  readonly pages: number;
};

export type Page = { readonly page: number; readonly size: number };

export function withStock(
  items: readonly CatalogueProduct[],
  stock: ReadonlyMap<number, number>,
): readonly Product[] {
  return items.map((item) => ({ ...item, inventory: stock.get(item.id) ?? 0 }));
}

export function listOf(
  items: readonly Product[],
  total: number,
  { page, size }: Page,
): ProductList {
  return { product_items: items, page, size, total, pages: Math.ceil(total / size) };
}
