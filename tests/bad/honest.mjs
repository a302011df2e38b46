// An honest client in a thread of its own: what it waits while others misbehave. As a worker it
// asks at a steady pace; honestStart() and its stop() give {count, failed, p50, p99, worst} in ms.
import { Agent, request } from "node:https";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { fileURLToPath } from "node:url";

const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;

function ask({ port, ca, bearer }, agent) {
    return new Promise((resolve) => {
        const began = performance.now();
        const req = request({ host: "127.0.0.1", localAddress: "127.0.0.3", servername: "localhost", port, ca, agent, path: "/api/v1/me", timeout: 10000,
            headers: { Host: `localhost:${port}`, Authorization: `Bearer ${bearer}` } }, (res) => {
            res.resume();
            res.on("end", () => resolve({ ms: performance.now() - began, isGood: res.statusCode === 200 }));
        });
        req.on("timeout", () => req.destroy(new Error("late")));
        req.on("error", () => resolve({ ms: performance.now() - began, isGood: false }));
        req.end();
    });
}

if (!isMainThread && workerData?.honest) {
    let isOver = false, marks = [], failed = 0;
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    parentPort.on("message", (word) => {
        const sorted = marks.toSorted ? marks.toSorted((a, b) => a - b) : [...marks].sort((a, b) => a - b);
        parentPort.postMessage({ count: marks.length, failed, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), worst: sorted.at(-1) });
        marks = [];
        failed = 0;
        if (word === "stop") isOver = true;
    });
    while (!isOver) {
        const { ms, isGood } = await ask(workerData, agent);
        if (isGood) marks.push(ms);
        else failed++;
        await new Promise((done) => setTimeout(done, 10));
    }
    agent.destroy();
    parentPort.close();
}

export function honestStart(bed) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { honest: true, port: bed.skep.port, ca: bed.skep.caPem, bearer: bed.other.bearer } });
    const say = (word) => new Promise((resolve) => { worker.once("message", resolve); worker.postMessage(word); });
    /** Figures since the last call. */
    return { figures: () => say("figures"), stop: () => say("stop") };
}
