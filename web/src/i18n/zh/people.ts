import type { people as en } from "../en/people";
import type { Message } from "../message";

export const people: Readonly<Record<keyof typeof en, Message>> = {
    "role.admin": "管理员",
    "role.member": "成员",
};
