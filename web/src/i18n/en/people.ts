// People, what they may, invitations and the page that a link of one opens.
import type { Message } from "../message";

export const people = {
    "role.admin": "Administrator",
    "role.member": "Member",
} satisfies Record<string, Message>;
