/** The page's way to the ROMs: what they need is loaded when the listener opens their card, or drops one. */

import { DATABASE } from "./stored-roms.js";

/**
 * Show the ROMs in Preferences.
 * @param {() => void} onChange  is called when the listener has added or removed some there
 */
export async function showRoms(onChange) {
  const { show } = await import("./rom-card.js");
  await show(onChange);
}

/** Delete all ROMs from this browser, and from their card. */
export async function removeRoms() {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    request.onsuccess = resolve;
    request.onerror = () => reject(request.error);
  });
  document.getElementById("roms")?.replaceChildren();
}

/** Files that are something else than a ROM, whatever their size. */
const OTHER = /\.(sid|mus|str|zip|md5|txt|json)$/i;

/**
 * Add the files that are ROMs.
 * @param {File[]} files
 * @returns {Promise<{rest: File[], text: string}>} the other files, and the outcome for the listener
 */
export async function takeRoms(files) {
  const candidates = files.filter(({ name, size }) => !OTHER.test(name) && ROM_SIZES.includes(size));
  if (candidates.length === 0) return { rest: files, text: "" };
  const { addRoms, TITLES, UnknownRomError } = await import("./roms.js");
  const texts = candidates.map(async (file) => {
    try {
      const roms = await addRoms(file);
      return `${roms.map(({ kind, name }) => `${TITLES[kind]} added: ${name}`).join(", ")}.`;
    } catch (error) {
      const advice = " To use it anyway, add it in Preferences under C64 ROMs.";
      return error instanceof UnknownRomError ? error.message + advice : error.message;
    }
  });
  const text = (await Promise.all(texts)).join(" ");
  return { rest: files.filter((file) => !candidates.includes(file)), text };
}

/** Sizes of ROMs in bytes: characters, KERNAL or BASIC, and both in one chip. */
const ROM_SIZES = [4096, 8192, 16384];
