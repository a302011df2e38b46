import type { later as en } from "./later-en";
import type { Message } from "./message";
import { people } from "./zh/people";
import { trust } from "./zh/trust";

export const later: Readonly<Record<keyof typeof en, Message>> = { ...people, ...trust };
