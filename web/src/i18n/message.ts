/** One string, or the two forms of a sentence that turns on a number. */
export type Message = string | { readonly one: string; readonly other: string };
