/** What customers write, by what they have bought and by how they liked it. */
import type { Kind } from "./model.ts";

type Theme =
  | "watch"
  | "bag"
  | "shoes"
  | "headwear"
  | "worn"
  | "clothes"
  | "bicycle"
  | "gear"
  | "jewelry";

/** Five and four stars, three stars, two stars and one. */
export type Liking = "liked" | "fair" | "disliked";

type Texts = Readonly<Record<Liking, readonly string[]>>;

const themes: Readonly<Record<Theme, Texts>> = {
  watch: {
    liked: [
      "Keeps time to the second since March.",
      "Looks twice the price on the wrist.",
      "Light enough that I forget it is there.",
      "My father asked where I bought it, then bought one himself.",
      "The strap took a week to soften and is perfect now.",
      "Easy to read in the dark, which is why I bought it.",
      "Wore it for a fortnight at sea without a mark on the glass.",
    ],
    fair: [
      "Handsome, but larger than it looks in the picture.",
      "The watch is lovely; the buckle feels a little thin.",
      "Does what it should. I wish the strap came in my length.",
    ],
    disliked: ["Mine lost four minutes a week and went back.", "Scratched sooner than I hoped."],
  },
  bag: {
    liked: [
      "Swallows a laptop, lunch and a cardigan without a bulge.",
      "The stitching has survived two years of trains.",
      "Exactly the colour of the picture.",
      "Compliments from strangers, twice in one day.",
      "The pockets are where my hands look for them.",
      "Stands up by itself when I put it down. Small thing, big joy.",
    ],
    fair: [
      "Good bag; the handles are a bit short for a winter coat.",
      "Smelt of leather for a week, then fine.",
    ],
    disliked: ["The zip jammed in the second month.", "Heavier than I can carry when it is full."],
  },
  shoes: {
    liked: [
      "Comfortable from the first day, no blisters.",
      "Walked fourteen kilometres in them the day they arrived.",
      "True to size, and wide enough in front.",
      "Second pair. The first lasted four years.",
      "They clean up like new with a damp cloth.",
    ],
    fair: ["Nice, but order half a size down.", "The laces are too long. Otherwise good."],
    disliked: ["Rubbed at the heel and never stopped.", "The sole was slippery in rain."],
  },
  headwear: {
    liked: [
      "Soft, warm and does not itch.",
      "Packed it in a suitcase and it sprang right back.",
      "Bought one, came back for three more as presents.",
      "The colour has not faded after a whole summer.",
      "Fits my large head, which few things do.",
    ],
    fair: ["Pretty, a little smaller than expected.", "Good quality, but it picks up fluff."],
    disliked: ["Lost its shape after one wash.", "Too tight for me, sent it back."],
  },
  worn: {
    liked: [
      "Well made, down to the smallest detail.",
      "Wear it every day; people notice.",
      "Sits as it should and stays there.",
      "Simple, handsome, and it lasts.",
      "Feels solid in the hand.",
    ],
    fair: [
      "Good, though the case could be sturdier.",
      "Nice enough. I expected a little more weight.",
    ],
    disliked: ["Marked after a week of normal use.", "Did not suit me and went back."],
  },
  clothes: {
    liked: [
      "Washed ten times and still looks new.",
      "The cut is right: neither a tent nor a sausage skin.",
      "Soft, and properly finished inside as well.",
      "Wore it to a wedding and to the allotment.",
      "Sleeves long enough at last.",
      "Heavier cloth than I expected at this price.",
      "I have it in two colours now and eye the third.",
    ],
    fair: [
      "Lovely cloth, runs large; take one size down.",
      "Needs ironing more often than I like.",
      "Colour is a shade darker than on my screen.",
    ],
    disliked: [
      "Shrank in the first wash, though I followed the label.",
      "A seam opened after a week.",
    ],
  },
  bicycle: {
    liked: [
      "Twelve kilometres to work each way, and I look forward to both.",
      "Arrived assembled, tyres pumped, gears in tune.",
      "Shifts without a sound. Brakes that stop in the wet.",
      "Carries my daughter, her friend and the shopping.",
      "Rolls as if the road went downhill.",
      "Three months in, not one screw to tighten.",
    ],
    fair: [
      "Rides very well; the saddle was not for me and I changed it.",
      "Good bicycle, but the bell is a joke.",
      "A week late. Worth the wait, just.",
    ],
    disliked: ["The paint chipped on the first rack.", "Too long for me, and I am not small."],
  },
  gear: {
    liked: [
      "An hour of pouring rain, everything inside dry.",
      "Clicks on and off with gloves.",
      "Weighs nothing and looks good, which I had given up on.",
      "Saw me through a winter of commuting.",
      "My son wears it at breakfast.",
    ],
    fair: [
      "Works well. The instructions could be longer than one drawing.",
      "Solid, a little bulky.",
    ],
    disliked: ["A clip broke in the first frost.", "Rattles on cobbles."],
  },
  jewelry: {
    liked: [
      "She has not taken it off since.",
      "The stone has a depth that no photograph shows.",
      "Fine work; even the back is finished.",
      "Arrived in a lovely box with a handwritten card.",
      "Delicate without feeling flimsy.",
      "Resized within four days, and nothing to pay.",
      "Catches the light across a room.",
    ],
    fair: [
      "Pretty, and smaller than I imagined.",
      "Beautiful stone; the clasp takes some practice.",
    ],
    disliked: ["One claw caught on every sweater I own.", "Colour differs from the picture."],
  },
};

/** What fits everything, as a second sentence. */
export const closings: Texts = {
  liked: [
    "Would buy again.",
    "Recommended.",
    "Delivered in three days.",
    "Worth every cent.",
    "No complaints at all.",
    "A present that was a success.",
    "Thank you!",
    "Better than the one it replaces.",
    "Five stars from the whole family.",
  ],
  fair: [
    "Keeping it all the same.",
    "Fair for the price.",
    "Service was friendly.",
    "We shall see how it ages.",
  ],
  disliked: ["The refund came quickly, to be fair.", "A pity.", "Service was kind about it."],
};

/** What people who bought a thing of this kind write of it. */
export function textsFor(kind: Kind): Texts {
  return themes[themeOf(kind)];
}

const exact: Partial<Readonly<Record<Kind, Theme>>> = {
  tote: "bag",
  handbag: "bag",
  backpack: "bag",
  sneaker: "shoes",
  boot: "shoes",
  loafer: "shoes",
  scarf: "headwear",
  hat: "headwear",
  beanie: "headwear",
  cap: "headwear",
  sunglasses: "worn",
  belt: "worn",
  helmet: "gear",
  pannier: "gear",
  light: "gear",
  shirt: "clothes",
  tee: "clothes",
  sweater: "clothes",
  dress: "clothes",
  skirt: "clothes",
  jacket: "clothes",
  coat: "clothes",
  trousers: "clothes",
  shorts: "clothes",
};

function themeOf(kind: Kind): Theme {
  if (kind.startsWith("watch-")) return "watch";
  if (kind.startsWith("bicycle-")) return "bicycle";
  return exact[kind] ?? "jewelry";
}
