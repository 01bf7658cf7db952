/** What the page's players need from the server and from an audio element. Failures reject or are reported. */

import { token } from "./token.js";

/** A busy server takes longest to start a stream. */
const TIMEOUT_MS = 60_000;

/** Longest message of the server that is shown, in characters. */
const MAX_MESSAGE = 500;

/** The server's status for a tune that can't be played. */
const UNPLAYABLE = 422;

/**
 * Call the server.
 * @param {string} method
 * @param {string} url  relative to the page
 * @param {ArrayBuffer | null} tune  sent as the body
 * @returns {Promise<string>} the response's JSON; rejects with the server's message or with what to do, as a SidError
 *   if the tune can't be played
 */
export async function call(method, url, tune = null) {
  /** @type {Record<string, string>} */
  const headers = tune === null ? {} : { "Content-Type": "audio/prs.sid" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  let response, text;
  try {
    response = await fetch(url, { method, headers, body: tune, signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch {
    throw new Error("The server doesn't answer. Check that it runs, or choose the player in this page.");
  }
  if (response.ok) return text;
  const error = new Error(
    messageIn(text) ?? `The server refused the request (${response.status}). Try again later.`,
  );
  if (response.status === UNPLAYABLE) error.name = "SidError";
  throw error;
}

/**
 * @param {string} text  the body of an error
 * @returns {string | null}
 */
function messageIn(text) {
  try {
    return String(JSON.parse(text).error.message).slice(0, MAX_MESSAGE);
  } catch {
    return null;
  }
}

/**
 * Play an audio element.
 * @param {HTMLAudioElement} element
 * @param {(message: string) => void} onRefused  the browser's autoplay policy blocks sound
 */
export function start(element, onRefused) {
  element.play().catch((error) => {
    if (error.name === "NotAllowedError") onRefused("The browser blocks sound until you click Play.");
  });
}
