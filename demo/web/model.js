/** The model as promises; it runs in a worker, so that the page stays awake. */

/**
 * Start the worker. Resolves to `info`, what the model file says of itself, and
 * `run(waveform, rate)`, which resolves to `probabilities` (Float32Array, one for each genre),
 * `leaves` (one for each sub-genre, if it tells any), `music` (0 to 1, if it tells that), `sounds`,
 * the seconds that are no long silence, and the `seconds` that the twin took.
 * `waveform`: mono Float32Array at `rate` Hz, any; it is handed over.
 */
export function openModel() {
  const worker = startWorker();
  const waiting = new Map();
  let next = 0;
  const run = (waveform, rate) =>
    new Promise((resolve, reject) => {
      waiting.set(++next, { resolve, reject });
      worker.postMessage({ id: next, waveform, rate }, [waveform.buffer]);
    });
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => {
      const error = new Error(event.message || "a file of it does not load");
      reject(error);
      for (const asker of waiting.values()) asker.reject(error);
      waiting.clear();
    };
    worker.onmessage = ({ data }) => {
      const { id, error, info, ...answer } = data;
      const asker = id ? waiting.get(id) : { resolve: () => resolve({ info, run }), reject };
      waiting.delete(id);
      if (error) asker.reject(new Error(error));
      else asker.resolve(answer);
    };
  });
}

function startWorker() {
  // By way of a blob: such a worker is under this page's Content-Security-Policy, while one
  // from a file of a server is not, unless the server sends the policy with that file.
  const script = JSON.stringify(new URL("worker.js", import.meta.url).href);
  const blob = new Blob([`import ${script};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(blob), { type: "module" });
}
