/** What the stand-ins know, and how they refuse. */
import { products as assortment, type Product as Made } from "../../../databases/products.ts";
import { fromCents } from "../../shared/money.ts";
import type { Product, Review } from "../shop/catalogue.ts";

/** For tests to change. */
export type World = {
  products: Product[];
  reviews: Review[];
  readonly carts: Map<string, Map<number, number>>;
  readonly users: Map<
    string,
    { id: string; fname: string; lname: string; email: string; password: string }
  >;
  readonly checkouts: Map<string, Record<string, unknown>>;
  readonly orders: Record<string, unknown>[];
  /** As Redis being away. */
  isFallback: boolean;
  /** What submitting is refused with. */
  refusal: { status: number; code: string; message: string } | undefined;
  /** `GET /products/x?y`, as they came. */
  readonly calls: string[];
};

/** The shop's own assortment, and nobody has bought anything yet. */
export function newWorld(): World {
  return {
    products: assortment.map(asProduct),
    reviews: someReviews,
    carts: new Map(),
    users: new Map(),
    checkouts: new Map(),
    orders: [],
    isFallback: false,
    refusal: undefined,
    calls: [],
  };
}

/** An error that the stand-in answers with `status`. */
export function refuse(status: number, code: string, message: string): never {
  throw Object.assign(new Error(message), { status, code });
}

const someReviews: Review[] = [
  {
    username: "Ines",
    rating: 5,
    review: "Worn daily for a year, and it looks as on the first day.",
  },
  { username: "Tobias", rating: 4, review: "Smaller than I thought, and better made." },
];

function asProduct({ id, name, description, category, cents, tags, stock }: Made): Product {
  return {
    id,
    name,
    description,
    category,
    img_url: `/assets/${id}.svg`,
    inventory: stock,
    price: fromCents(cents),
    rating: 3 + (id % 5) / 2,
    reviews: id % 7,
    tags,
  };
}

export type Query = Readonly<Record<string, string | undefined>>;
