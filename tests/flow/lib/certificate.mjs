// A certificate of a test's own for localhost, made with openssl: {dir, cert, key, certFile}.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function certificateMake(t, names = "DNS:localhost,IP:127.0.0.1") {
    const dir = mkdtempSync(join(tmpdir(), "skep-cert-"));
    t?.after(() => rmSync(dir, { recursive: true, force: true }));
    const certFile = join(dir, "cert.pem"), keyFile = join(dir, "key.pem");
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile,
        "-out", certFile, "-days", "2", "-subj", "/CN=localhost", "-addext", `subjectAltName=${names}`], { stdio: "pipe" });
    return { dir, certFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
