/** What people browse by: the categories, and in each the tags that something in it has. Made once. */
import { categories, tags, type Tag } from "../../databases/assortment/model.ts";
import { products } from "../../databases/products.ts";

export type Named = { readonly name: string; readonly displayName: string };

export const shopCategories: readonly Named[] = categories;

/** In the order of the menus; empty for a category that is not known. */
export function tagsIn(category: string): readonly Named[] {
  return tagsByCategory.get(category) ?? [];
}

/** Undefined for what is no category of the shop. */
export function categoryNamed(name: string): Named | undefined {
  return shopCategories.find((category) => category.name === name);
}

const tagsByCategory = new Map(
  shopCategories.map(({ name }) => {
    const used = new Set(
      products.filter(({ category }) => category === name).flatMap((product) => product.tags),
    );
    const named = (Object.keys(tags) as Tag[])
      .filter((tag) => used.has(tag))
      .map((tag) => ({ name: tag, displayName: tags[tag] }));
    return [name, named] as const;
  }),
);
