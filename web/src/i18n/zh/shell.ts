import type { shell as en } from "../en/shell";
import type { Message } from "../message";

export const shell: Readonly<Record<keyof typeof en, Message>> = {
    "role.admin": "管理员",
    "role.member": "成员",
    "nav.people": "人员与访问",
    "cameras.none-yours": "您尚未获得任何摄像机的授权，请联系管理本机的人。",
    "nav.trust": "信任",
};
