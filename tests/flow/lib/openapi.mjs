// Holds every answer of the box against its own OpenAPI description: the JSON-Schema keywords that
// the description uses, and no others - an unknown keyword is an error, not a check left out.

const KEYWORDS = new Set(["type", "required", "properties", "additionalProperties", "items", "enum", "const",
    "$ref", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format",
    "oneOf", "anyOf", "allOf", "description", "title", "default", "example", "examples", "deprecated",
    "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "exclusiveMinimum", "nullable"]);

const isType = {
    object: (v) => v !== null && typeof v === "object" && !Array.isArray(v),
    array: Array.isArray,
    string: (v) => typeof v === "string",
    number: (v) => typeof v === "number",
    integer: Number.isInteger,
    boolean: (v) => typeof v === "boolean",
    null: (v) => v === null,
};

function refResolve(doc, ref) {
    if (!ref.startsWith("#/")) throw new Error(`openapi: foreign $ref ${ref}`);
    let at = doc;
    for (const step of ref.slice(2).split("/")) at = at?.[step.replace(/~1/g, "/").replace(/~0/g, "~")];
    if (at === undefined) throw new Error(`openapi: $ref ${ref} leads nowhere`);
    return at;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function numberFaults(schema, value, path, faults) {
    if (schema.minimum !== undefined && value < schema.minimum) faults.push(`${path}: ${value} < ${schema.minimum}`);
    if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
        faults.push(`${path}: ${value} <= ${schema.exclusiveMinimum}`);
    if (schema.maximum !== undefined && value > schema.maximum) faults.push(`${path}: ${value} > ${schema.maximum}`);
}

function stringFaults(schema, value, path, faults) {
    const points = [...value].length;
    if (schema.minLength !== undefined && points < schema.minLength) faults.push(`${path}: shorter than ${schema.minLength}`);
    if (schema.maxLength !== undefined && points > schema.maxLength) faults.push(`${path}: longer than ${schema.maxLength}`);
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
        faults.push(`${path}: ${JSON.stringify(value)} does not match ${schema.pattern}`);
}

function arrayFaults(doc, schema, value, path, faults) {
    if (schema.minItems !== undefined && value.length < schema.minItems) faults.push(`${path}: fewer than ${schema.minItems}`);
    if (schema.maxItems !== undefined && value.length > schema.maxItems) faults.push(`${path}: more than ${schema.maxItems}`);
    if (schema.items) value.forEach((item, i) => faults.push(...schemaFaults(doc, schema.items, item, `${path}[${i}]`)));
}

function objectFaults(doc, schema, value, path, faults) {
    const known = schema.properties ?? {};
    for (const name of schema.required ?? [])
        if (!(name in value)) faults.push(`${path}: misses ${name}`);
    for (const [name, member] of Object.entries(value)) {
        if (name in known) faults.push(...schemaFaults(doc, known[name], member, `${path}.${name}`));
        else if (schema.additionalProperties === false) faults.push(`${path}: undeclared member ${name}`);
        else if (schema.additionalProperties && schema.additionalProperties !== true)
            faults.push(...schemaFaults(doc, schema.additionalProperties, member, `${path}.${name}`));
    }
}

/** What is wrong with `value` under `schema`: a list of sentences, empty when all is well. */
export function schemaFaults(doc, schema, value, path = "$") {
    if (schema === true) return [];
    if (schema === false) return [`${path}: must not be there`];
    for (const word of Object.keys(schema))
        if (!KEYWORDS.has(word) && !word.startsWith("x-")) return [`${path}: the schema uses ${word}, which the tests cannot check`];
    if (schema.$ref) return schemaFaults(doc, refResolve(doc, schema.$ref), value, path);
    const faults = [];
    if (schema.type !== undefined) {
        const types = [schema.type].flat();
        if (!types.some((t) => isType[t]?.(value))) return [`${path}: ${JSON.stringify(value)} is not ${types.join(" or ")}`];
    }
    if (schema.enum && !schema.enum.some((e) => same(e, value))) faults.push(`${path}: ${JSON.stringify(value)} is not among ${JSON.stringify(schema.enum)}`);
    if ("const" in schema && !same(schema.const, value)) faults.push(`${path}: is not ${JSON.stringify(schema.const)}`);
    if (typeof value === "number") numberFaults(schema, value, path, faults);
    if (typeof value === "string") stringFaults(schema, value, path, faults);
    if (Array.isArray(value)) arrayFaults(doc, schema, value, path, faults);
    else if (value !== null && typeof value === "object") objectFaults(doc, schema, value, path, faults);
    for (const part of schema.allOf ?? []) faults.push(...schemaFaults(doc, part, value, path));
    for (const word of ["anyOf", "oneOf"]) {
        if (!schema[word]) continue;
        const fits = schema[word].filter((part) => schemaFaults(doc, part, value, path).length === 0).length;
        if (fits === 0 || (word === "oneOf" && fits > 1)) faults.push(`${path}: fits ${fits} of ${word}`);
    }
    return faults;
}

/** The path template and operation for a request, or null: a literal segment wins over a parameter. */
export function operationFind(doc, method, pathname) {
    const wanted = pathname.split("/");
    let best = null;
    for (const [template, item] of Object.entries(doc.paths)) {
        const segments = template.split("/");
        if (segments.length !== wanted.length) continue;
        if (!segments.every((s, i) => (s.startsWith("{") ? wanted[i] !== "" : s === wanted[i]))) continue;
        const literal = segments.filter((s) => !s.startsWith("{")).length;
        if (!best || literal > best.literal) best = { template, item, literal };
    }
    if (!best) return null;
    const operation = best.item[method.toLowerCase()] ?? (method === "HEAD" ? best.item.get : undefined);
    return { template: best.template, operation: operation ?? null };
}

const PROBLEM = "#/components/schemas/Problem";

/** What is wrong with an answer, by the description: a list of sentences. */
export function answerFaults(doc, { method, pathname, status, type, body, json }) {
    const found = operationFind(doc, method, pathname);
    const mime = (type ?? "").split(";")[0].trim().toLowerCase();
    const isProblem = mime === "application/problem+json";
    if (status >= 400 && !isProblem && method !== "HEAD" && !found?.operation?.responses?.[status])
        return [`status ${status} without problem JSON (${mime || "no type"})`];
    if (isProblem) {
        const faults = schemaFaults(doc, { $ref: PROBLEM }, json);
        if (json?.status !== status) faults.push(`problem says status ${json?.status}, the answer ${status}`);
        if (found === null && ![404, 400, 405, 413, 414, 429, 431, 503].includes(status)) faults.push(`undeclared path answers ${status}`);
        return faults;
    }
    if (found === null) return ["path is not in the description"];
    if (!found.operation) return [`${method} is not in the description of ${found.template}`];
    const { responses } = found.operation;
    let response = responses[status];
    if (!response) return [`status ${status} is not in the description (${Object.keys(responses).join(", ")})`];
    if (response.$ref) response = refResolve(doc, response.$ref);
    if (!response.content) return body.length > 0 && method !== "HEAD" ? ["a body where the description has none"] : [];
    const key = Object.keys(response.content).find((k) => k.split(";")[0].trim() === mime);
    if (!key) return [`type ${mime || "none"} is not among ${Object.keys(response.content).join(", ")}`];
    const schema = response.content[key].schema;
    return mime.endsWith("json") && schema && method !== "HEAD" ? schemaFaults(doc, schema, json) : [];
}
