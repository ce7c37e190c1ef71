/** What a drawing is: from a thing's colours to the SVG of it, on 400 by 400, standing at about y = 350. */
import type { Pattern } from "../../../databases/assortment/model.ts";
import type { Ink } from "../ink.ts";

export type Colours = { readonly main: Ink; readonly accent: Ink; readonly pattern: Pattern };

export type Drawing = (colours: Colours) => string;
