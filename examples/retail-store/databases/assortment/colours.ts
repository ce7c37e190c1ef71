/** The colours, metals and stones that the shop sells, as `#rrggbb`. */
export const colours = {
  black: "#34363d",
  white: "#f2f1ec",
  cream: "#ecdfc6",
  sand: "#d6bd94",
  tan: "#bd8450",
  brown: "#70492f",
  rust: "#c1603a",
  coral: "#ea7c64",
  red: "#c63d43",
  burgundy: "#7f3045",
  rose: "#d9909c",
  lilac: "#a490c8",
  navy: "#31496f",
  denim: "#5479a5",
  sky: "#83b3d8",
  teal: "#2f8989",
  mint: "#8cc7ae",
  forest: "#32614f",
  olive: "#757e4c",
  mustard: "#d8a436",
  grey: "#8f969e",
  graphite: "#565c66",
  gold: "#dcae48",
  "rose gold": "#dca08a",
  silver: "#b9c1ca",
  diamond: "#cfe4f2",
  pearl: "#f1e9df",
  sapphire: "#2f5fb5",
  emerald: "#27916a",
  ruby: "#c22f4d",
  amethyst: "#8a5cb8",
  topaz: "#5fb6d4",
  garnet: "#8e2b3c",
  onyx: "#2e3038",
  citrine: "#e7b53f",
} as const;

export type Colour = keyof typeof colours;

const stones: ReadonlySet<Colour> = new Set<Colour>([
  "diamond",
  "pearl",
  "sapphire",
  "emerald",
  "ruby",
  "amethyst",
  "topaz",
  "garnet",
  "onyx",
  "citrine",
]);

/** A stone is set into something, other colours stand side by side. */
export function isStone(colour: Colour): boolean {
  return stones.has(colour);
}
