// What the frame and the wall say of people and trust; the rest of those rooms comes later.
import type { Message } from "../message";

export const shell = {
    "role.admin": "Administrator",
    "role.member": "Member",
    "nav.people": "People & access",
    "cameras.none-yours": "No camera is granted to you yet. Whoever manages this box can change that.",
    "nav.trust": "Trust",
} satisfies Record<string, Message>;
