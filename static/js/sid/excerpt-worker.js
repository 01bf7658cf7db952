/** Worker that renders excerpts as fast as it can, in an engine of its own: playback never notices. */

import { MAX_FRAMES, SidEngine } from "./engine.js";
import { serve, wasmUrl } from "./rpc.js";

const engineReady = SidEngine.fetch(wasmUrl);
engineReady.catch(() => {}); // whoever awaits it hears of a failure

serve({
  async excerpt({ bytes, song, seconds, sampleRate }) {
    const engine = await engineReady;
    engine.load(bytes);
    engine.start(song, sampleRate);
    const pcm = new Float32Array(Math.round(seconds * sampleRate));
    for (let at = 0; at < pcm.length; ) {
      const chunk = engine.render(Math.min(MAX_FRAMES, pcm.length - at));
      pcm.set(chunk, at);
      at += chunk.length;
    }
    return pcm;
  },
});
