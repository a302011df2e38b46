// What a client does with a challenge (docs/design/api.md, "Abuse defence").
import { createHash } from "node:crypto";

const zeros = (hash) => {
    let n = 0;
    while (n < 256 && !(hash[n >> 3] & (0x80 >> (n & 7)))) n++;
    return n;
};

/** The proof for `challenge`: counts up until the hash begins with enough zero bits. */
export function solve({ salt, bits, expires, mac }) {
    for (let i = 0; ; i++) {
        const nonce = i.toString(36);
        if (zeros(createHash("sha256").update(`${salt}:${nonce}`).digest()) >= bits) return { salt, bits, expires, mac, nonce };
    }
}

/** Log in as somebody does who works when asked: the answer, and how often there was work. */
export async function loginWorking(client, body, tries = 3) {
    let answer = await client.post("/api/v1/login", body), worked = 0;
    while (answer.status === 428 && worked < tries) {
        worked++;
        answer = await client.post("/api/v1/login", { ...body, proof: solve(answer.json.challenge) });
    }
    return { answer, worked };
}
