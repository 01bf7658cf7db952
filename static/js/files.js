/** Downloads. */

/** Cancels the WAV that is being saved. @type {AbortController | null} */
let saving = null;

/**
 * Offer a text as a download.
 * @param {string} name
 * @param {string} text
 * @param {string} [type]  its media type
 */
export function save(name, text, type = "application/json") {
  saveFile(name, new Blob([text], { type }));
}

/**
 * Render a song and offer it as a download. Replaces an earlier one that isn't finished.
 * @param {string} name
 * @param {ArrayBuffer} bytes  a .sid file
 * @param {number} song  1-based
 * @param {number} seconds
 * @param {import("./sid/player.js").SidPlayer} player  its settings apply
 * @param {(progress: number) => void} onProgress  receives the completed part, [0, 1]
 * @returns {Promise<void>} rejects with what is wrong, or if `cancelWav` was called
 */
export async function saveWav(name, bytes, song, seconds, player, onProgress) {
  cancelWav();
  saving = new AbortController();
  const { signal } = saving;
  const { WavExport } = await import("./export/wav.js");
  signal.throwIfAborted();
  const running = new WavExport(onProgress);
  signal.addEventListener("abort", () => running.cancel());
  saveFile(name, await running.render(bytes, song, seconds, player.settings));
}

/** Has no effect if none is being saved. */
export function cancelWav() {
  saving?.abort(new Error("Saving was canceled."));
}

/**
 * Offer a file as a download.
 * @param {string} name
 * @param {Blob} content
 */
export function saveFile(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
