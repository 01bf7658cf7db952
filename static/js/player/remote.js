/** What the page's players need of the server and of an audio element. All that fails rejects or is told. */

const PATIENCE_MS = 20_000;

/**
 * Call the server.
 *
 * @param {string} method
 * @param {string} url
 * @param {ArrayBuffer|null} tune sent as the body
 * @returns {Promise<string>} the answer, JSON; rejects with the server's message or what to do
 */
export async function call(method, url, tune = null) {
  const headers = tune === null ? {} : { "Content-Type": "audio/prs.sid" };
  let answer, text;
  try {
    answer = await fetch(url, { method, headers, body: tune, signal: AbortSignal.timeout(PATIENCE_MS) });
    text = await answer.text();
  } catch {
    throw new Error("The server does not answer. See that it runs, or choose the player in this page.");
  }
  if (answer.ok) return text;
  throw new Error(messageIn(text) ?? `The server refused (${answer.status}). Try again later.`);
}

/** @param {string} text */
function messageIn(text) {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return null;
  }
}

/**
 * Play an audio element.
 *
 * @param {HTMLAudioElement} element
 * @param {(message: string) => void} onRefused the browser allows no sound yet
 */
export function start(element, onRefused) {
  element.play().catch((error) => {
    if (error.name === "NotAllowedError") onRefused("The browser allows no sound yet: click Play.");
  });
}
