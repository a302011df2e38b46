import type { later as en } from "./later-en";
import type { Message } from "./message";
import { org } from "./zh/org";
import { people } from "./zh/people";
import { share } from "./zh/share";
import { trust } from "./zh/trust";

export const later: Readonly<Record<keyof typeof en, Message>> = { ...org, ...people, ...share, ...trust };
