/** Which pictures there are, and what each is called. */
import { createHash } from "node:crypto";
import { categories } from "../../databases/assortment/model.ts";
import { products } from "../../databases/products.ts";
import { favicon, logo } from "./marks.ts";
import { draw } from "./pictures.ts";

export type Asset = { readonly bytes: Buffer; readonly etag: string };

export interface Gallery {
  /** `name` without `.svg`; undefined when there is no such picture. */
  find(name: string): Asset | undefined;
  readonly names: readonly string[];
}

/**
 * The pictures by product id (`2`), by kind (`watch-dress`) and by category (`fashion`), the `logo` and the `favicon`.
 * Each is drawn when it is first asked for and kept: there are some 260, of 5 kB at most.
 */
export function openGallery(): Gallery {
  const painters = paintersByName();
  const drawn = new Map<string, Asset>();
  return {
    names: [...painters.keys()],
    find: (name) => {
      const known = drawn.get(name);
      if (known) return known;
      const paint = painters.get(name);
      if (!paint) return undefined;
      const asset = assetOf(paint());
      drawn.set(name, asset);
      return asset;
    },
  };
}

function paintersByName(): ReadonlyMap<string, () => string> {
  const painters = new Map<string, () => string>([
    ["logo", logo],
    ["favicon", favicon],
  ]);
  for (const { id, name, picture } of products) {
    painters.set(String(id), () => draw(picture, name));
    // The first of a kind stands for its kind, for what is added to the shop later.
    if (!painters.has(picture.kind)) painters.set(picture.kind, () => draw(picture, name));
  }
  for (const { name, displayName } of categories) {
    const example = products.find(({ category }) => category === name);
    if (example) painters.set(name, () => draw(example.picture, displayName));
  }
  return painters;
}

function assetOf(svg: string): Asset {
  const bytes = Buffer.from(svg);
  const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return { bytes, etag: `"${digest}"` };
}
