/** The listener's ROMs, for the emulators: nothing is loaded as long as there are none. */

export const DATABASE = "sidflow-roms";

/** @typedef {"kernal" | "basic" | "characters"} RomKind */

/** @returns {Promise<Partial<Record<RomKind, Uint8Array>>>} empty if none were added, or if the browser can't read them */
export async function storedRoms() {
  try {
    const databases = (await indexedDB.databases?.()) ?? [{ name: DATABASE }];
    if (!databases.some(({ name }) => name === DATABASE)) return {};
    const { readRoms } = await import("./roms.js");
    return await readRoms();
  } catch {
    return {}; // The tune then says which ROM it needs.
  }
}
