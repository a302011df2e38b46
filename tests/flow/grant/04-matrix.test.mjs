// Who may what, over everything that the box serves.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test } from "../lib/skep.mjs";
import { matrix, matrixMore } from "./matrix.mjs";

for (const [name, run] of [["routes", matrix], ["codes, sockets and links", matrixMore]])
    test(`every caller gets what is declared: ${name}`, { timeout: 120000 }, async (t) => {
        const skep = await startSkep({ t });
        const { cells, wrong } = await run(skep, await setupOwner(skep));
        t.diagnostic(`matrix_cells ${cells}, matrix_wrong ${wrong.length}`);
        assert.deepEqual(wrong, []);
        assert.ok(cells > 200, `${cells} cells`);
    });
