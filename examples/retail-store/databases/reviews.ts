/** What customers have said when the shop opens: the same each time it is made. Pure. */
import { closings, textsFor, type Liking } from "./assortment/review-texts.ts";
import { chance, choose } from "./chance.ts";
import { products, type Product } from "./products.ts";

export type Review = {
  readonly productId: number;
  readonly username: string;
  readonly rating: number;
  readonly review: string;
};

/** So that the pages of a shop that has just opened look like those of one that has customers. */
const reviewsOfOneMax = 5;

const firstNames =
  "amelia anton beatriz carlos chidi dana elif emre fatou felix greta hana ines ivan jamal jonas kaito lena luca maya mei nadia noor olga omar pablo priya quentin rosa sami tomas uma vera wei yara zoe";
const endings = ["", "", "_k", ".m", "77", "_writes", "1984", ".on.wheels", "_b"];
const usernames: readonly string[] = firstNames.split(" ");

/** All reviews; each person writes once of a product, and says nothing twice about it. */
export const reviews: readonly Review[] = products.flatMap(reviewsOf);

function reviewsOf(product: Product): readonly Review[] {
  const count = Math.floor(chance(`reviews ${product.id}`) * (reviewsOfOneMax + 1));
  const written: Review[] = [];
  for (let index = 0; index < Math.max(count, product.id === 2 ? reviewsOfOneMax : 0); index += 1) {
    const review = write(product, `${product.id}/${index}`);
    const isNew = written.every(
      ({ username, review: text }) => username !== review.username && text !== review.review,
    );
    if (isNew) written.push(review);
  }
  return written;
}

function write({ id, picture }: Product, draw: string): Review {
  const rating = ratingFrom(chance(`rating ${draw}`));
  const liking: Liking = rating >= 4 ? "liked" : rating === 3 ? "fair" : "disliked";
  const opening = choose(textsFor(picture.kind)[liking], `opening ${draw}`);
  const closing =
    chance(`length ${draw}`) < 0.55 ? ` ${choose(closings[liking], `closing ${draw}`)}` : "";
  const name = choose(usernames, `name ${draw}`);
  return {
    productId: id,
    username: `${name}${choose(endings, `ending ${name}`)}`,
    rating,
    review: opening + closing,
  };
}

/** Most people write when they are pleased. */
function ratingFrom(draw: number): number {
  if (draw < 0.52) return 5;
  if (draw < 0.82) return 4;
  if (draw < 0.93) return 3;
  return draw < 0.98 ? 2 : 1;
}
