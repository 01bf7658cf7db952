/** Worker that analyzes one song after the other, as fast as a core can, with a Python of its own. */

import { loadPyodide } from "../../../sidflow_feedback/engine/boot/interpreter.js";
import * as excerpts from "../sid/excerpt.js";
import { serve } from "../worker-client.js";

const started = start();
started.catch(() => {}); // reported to the caller of `analyze`

async function start() {
  const python = await loadPyodide({});
  return python.pyimport("sidflow_feedback.engine.rendered_excerpts").RenderedExcerpts(excerpts);
}

serve({
  /**
   * @param {{bytes: ArrayBuffer, song: number, duration: number}} question  seconds
   * @returns {Promise<import("./song-analysis.js").SongAnalysis>}
   */
  async analyze({ bytes, song, duration }) {
    const rendered = await started;
    return JSON.parse(await rendered.analyze(bytes, song, duration));
  },
});
