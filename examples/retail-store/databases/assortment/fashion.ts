/** Watches, bags, shoes and what is worn with them. The first one is the shop's oldest product. */
import type { Model } from "./model.ts";
import { accessories } from "./fashion-accessories.ts";

const watches: readonly Model[] = [
  {
    kind: "watch-casual",
    name: "Tideline Field Watch",
    cents: 42_95,
    tags: ["gift"],
    finishes: [
      ["navy", "tan"],
      ["olive", "brown"],
    ],
    text: "A plain, honest watch: a dial that can be read at arm's length, a brushed steel case of 38 mm and a leather strap that softens within a week.",
  },
  {
    kind: "watch-casual",
    name: "Regatta Weekender",
    cents: 68_00,
    tags: ["outdoor", "waterproof"],
    finishes: [
      ["white", "navy"],
      ["teal", "graphite"],
    ],
    text: "Made for wet hands and early starts. The woven strap dries in minutes, and the hands glow until morning.",
  },
  {
    kind: "watch-casual",
    name: "Allotment Watch",
    cents: 54_50,
    tags: [],
    finishes: [
      ["mustard", "forest"],
      ["rust", "sand"],
    ],
    text: "A cheerful dial under a domed crystal that shrugs off knocks. Runs for three years before it asks for a battery.",
  },
  {
    kind: "watch-dress",
    name: "Minuet",
    cents: 189_00,
    tags: ["gift"],
    finishes: [
      ["gold", "brown"],
      ["silver", "black"],
    ],
    text: "Seven millimetres thin, so that it slips under any cuff. Two hands, twelve slim markers and nothing that distracts.",
  },
  {
    kind: "watch-dress",
    name: "Lyra",
    cents: 225_00,
    tags: ["gift"],
    finishes: [
      ["rose gold", "rose"],
      ["silver", "lilac"],
    ],
    text: "A slender case of 32 mm with a sunray dial, on calfskin that matches it. Comes in a box worth keeping.",
  },
  {
    kind: "watch-dress",
    name: "Chancellor",
    cents: 279_00,
    tags: [],
    finishes: [
      ["gold", "black"],
      ["rose gold", "navy"],
    ],
    text: "The watch for the signature at the bottom of the page. Sapphire crystal, domed dial, and a buckle that closes with a click.",
  },
  {
    kind: "watch-luxury",
    name: "Admiralty Chronograph",
    cents: 2_450_00,
    tags: ["waterproof"],
    finishes: [
      ["silver", "navy"],
      ["gold", "black"],
    ],
    text: "A self-winding chronograph with a column wheel, regulated in five positions and water-resistant to 200 metres. Each is signed by the watchmaker who finished it.",
  },
  {
    kind: "watch-luxury",
    name: "Observatory",
    cents: 3_890_00,
    tags: ["gift"],
    finishes: [
      ["silver", "forest"],
      ["rose gold", "burgundy"],
    ],
    text: "Certified to two seconds a day. Look through the back at the decorated movement; look at the front for the deep enamel dial.",
  },
  {
    kind: "watch-smart",
    name: "Pulse One",
    cents: 199_00,
    tags: ["outdoor", "waterproof"],
    finishes: [
      ["black", "graphite"],
      ["silver", "coral"],
    ],
    text: "Heart rate, sleep, routes and messages, on a screen that stays readable in the sun. Ten days between two charges.",
  },
  {
    kind: "watch-smart",
    name: "Pulse Mini",
    cents: 149_00,
    tags: ["gift"],
    finishes: [
      ["rose gold", "lilac"],
      ["black", "mint"],
    ],
    text: "Everything that counts in a smaller case. Pays at the till, finds your telephone, and is quiet when you are.",
  },
  {
    kind: "watch-smart",
    name: "Summit GPS",
    cents: 329_00,
    tags: ["outdoor", "waterproof"],
    finishes: [
      ["graphite", "rust"],
      ["black", "olive"],
    ],
    text: "Maps without a telephone, a barometer that warns of the weather, and a battery that lasts a long weekend of tracking.",
  },
];

export const fashion: readonly Model[] = [...watches, ...accessories];
