// Programs that only measuring needs.
import { spawnSync } from "node:child_process";

/** Is `command` there? If not, and we may, its Debian package is installed. */
export function toolEnsure(command, debianPackage = command) {
    const isThere = () => spawnSync("sh", ["-c", 'command -v "$1"', "-", command]).status === 0;
    if (isThere()) return true;
    console.error(`# installing ${debianPackage}`);
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage], { stdio: ["ignore", "ignore", "inherit"] });
    return isThere();
}
