// Strings of rooms that the first page does not need: fetched beside the code of the first page that is not the wall.
import { org } from "./en/org";
import { people } from "./en/people";
import { share } from "./en/share";
import { trust } from "./en/trust";

export const later = { ...org, ...people, ...share, ...trust };
