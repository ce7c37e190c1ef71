/**
 * The assortment: every product of the shop, the same each time it is made. Pure.
 *
 * A product is a model in one of its colours. Ids are given in the order of the tables: new models go to the end of
 * their table's list, or ids that people have in their carts would come to mean something else.
 */
import { apparels } from "./assortment/apparels.ts";
import { bicycles } from "./assortment/bicycles.ts";
import { isStone, type Colour } from "./assortment/colours.ts";
import { fashion } from "./assortment/fashion.ts";
import { jewelry } from "./assortment/jewelry.ts";
import { describe, kindTags } from "./assortment/kind-facts.ts";
import {
  tags,
  type Category,
  type Kind,
  type Model,
  type Pattern,
  type Tag,
} from "./assortment/model.ts";
import { chance } from "./chance.ts";

/** What `services/assets` draws. */
export type Picture = {
  readonly kind: Kind;
  readonly colour: Colour;
  /** As `colour` where a product has one colour only. */
  readonly accent: Colour | undefined;
  readonly pattern: Pattern;
};

export type Product = {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: Category;
  /** 4295 is $42.95. */
  readonly cents: number;
  readonly tags: readonly Tag[];
  /** Pieces when the shop opens. */
  readonly stock: number;
  readonly picture: Picture;
};

export type Stock = { readonly productId: number; readonly onHand: number };

type Range = {
  readonly category: Category;
  readonly models: readonly Model[];
  readonly prefix: string;
  /** The first ids are older than the rule; the rule goes on from there. */
  readonly firstIds: readonly number[];
  readonly step: number;
};

const ranges: readonly Range[] = [
  { category: "fashion", models: fashion, prefix: "FA", firstIds: [2, 3], step: 1 },
  {
    category: "apparels",
    models: apparels,
    prefix: "AP",
    firstIds: [5_000_000, 5_000_010],
    step: 10,
  },
  {
    category: "bicycles",
    models: bicycles,
    prefix: "BI",
    firstIds: [7_000_081, 7_000_183],
    step: 17,
  },
  {
    category: "jewelry",
    models: jewelry,
    prefix: "JE",
    firstIds: [9_000_000, 9_000_001],
    step: 1,
  },
];

const oldest: ReadonlySet<number> = new Set(ranges.flatMap(({ firstIds }) => firstIds));
const soldOut: ReadonlySet<number> = new Set([31, 9_000_020]);

/** All products, by category and then by id. Ids that a person adds later begin at 10,000,000. */
export const products: readonly Product[] = ranges.flatMap(productsOf);

/** What the stock is when the shop opens: for the orders database, which keeps it from then on. */
export function initialStock(): readonly Stock[] {
  return products.map(({ id, stock }) => ({ productId: id, onHand: stock }));
}

/** Where the picture of a product is: `/assets/2.svg`. */
export function imageOf(productId: number): string {
  return `/assets/${productId}.svg`;
}

/** What people type who look for it: its kind, its category, its tags. */
export function keywordsOf({ picture, category, tags: own }: Product): string {
  const words = [picture.kind.replace("-", " "), category, ...own.map((tag) => tags[tag])];
  return [...new Set(words)].join(", ");
}

function productsOf({ category, models, prefix, firstIds, step }: Range): readonly Product[] {
  const things = models.flatMap((model) =>
    model.finishes.map(([colour, accent]) => ({ model, colour, accent })),
  );
  const lastFirst = firstIds.at(-1) ?? 0;
  return things.map(({ model, colour, accent }, index) => {
    const id = firstIds[index] ?? lastFirst + (index - firstIds.length + 1) * step;
    return {
      id,
      sku: `${prefix}-${String(id).padStart(7, "0")}`,
      name: `${model.name}, ${finishName(colour, accent)}`,
      description: describe(model),
      category,
      cents: model.cents,
      tags: [...new Set([...kindTags(model.kind), ...model.tags])],
      stock: stockOf(id),
      picture: { kind: model.kind, colour, accent, pattern: model.pattern ?? "plain" },
    };
  });
}

function finishName(colour: Colour, accent: Colour | undefined): string {
  if (accent === undefined) return colour;
  return isStone(accent) && accent !== "pearl"
    ? `${colour} with ${accent}`
    : `${colour} and ${accent}`;
}

/** Product 2 is what examples and load buy. A few are scarce and two are sold out, as in any shop. */
function stockOf(id: number): number {
  if (id === 2) return 20_000;
  if (soldOut.has(id)) return 0;
  const draw = chance(`stock ${id}`);
  return draw < 0.06 && id > 20 && !oldest.has(id)
    ? 2 + Math.floor(draw * 100)
    : 400 + Math.floor(draw * 1_600);
}
