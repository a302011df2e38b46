// Every body is held against its schema: an unknown member or a wrong type is refused wherever a body is taken.
import assert from "node:assert/strict";
import { api, login, OWNER, setupOwner, startSkep, test } from "../lib/skep.mjs";

const ABSENT = "a".repeat(26);
/** Something that the schema would take, as far as a schema says it. */
function sample(s) {
    if (s?.enum) return s.enum[0];
    if (s?.oneOf || s?.anyOf) return sample((s.oneOf ?? s.anyOf)[0]);
    if (s?.type === "object") return Object.fromEntries((s.required ?? []).map((name) => [name, sample(s.properties?.[name])]));
    if (s?.type === "array") return s.items ? [sample(s.items)] : [];
    if (s?.type === "integer" || s?.type === "number") return s.minimum ?? 1;
    return s?.type === "boolean" ? false : "x";
}
const wrongOf = (s) => (s?.type === "string" || s?.enum ? 7 : s?.type === "object" ? "text" : { not: "this" });

test("unknown members and wrong types are refused by every route that takes a body", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const owner = await login(skep, { ...OWNER, bearer: true });
    owner.validate = false;
    const doc = await api(skep).description();
    let tried = 0;
    const wrong = [];
    for (const [path, item] of Object.entries(doc.paths))
        for (const [method, operation] of Object.entries(item)) {
            if (!operation["x-body-max-bytes"]) continue;
            const schema = operation.requestBody?.content?.["application/json"]?.schema;
            const key = `${method.toUpperCase()} ${path}`;
            if (!schema) {
                if (!Object.keys(operation.requestBody?.content ?? {}).length) wrong.push(`${key}: takes a body that nothing describes`);
                continue;
            }
            if (schema.additionalProperties !== false) wrong.push(`${key}: its schema leaves unknown members open`);
            const good = sample(schema);
            const bodies = [{ ...good, "no-such-member": 1 }, [], "text", { "no-such-member": 1 }];
            for (const [name, s] of Object.entries(schema.properties ?? {})) bodies.push({ ...good, [name]: wrongOf(s) });
            for (const body of bodies) {
                tried++;
                const { status } = await owner.request(method.toUpperCase(), path.replace(/\{\w+\}/g, ABSENT), { body: JSON.stringify(body) });
                if (status < 400 || status >= 500) wrong.push(`${key} took ${JSON.stringify(body)}: ${status}`);
            }
        }
    t.diagnostic(`${tried} bodies tried`);
    assert.deepEqual(wrong, []);
    assert.equal((await owner.get("/api/v1/me")).status, 200, "nothing of it ended the session");
});
