/** The card of the C64's ROMs in Preferences. */

import { addRoms, listRoms, removeRom, TITLES, UnknownRomError } from "./roms.js";

/** @typedef {import("./roms.js").RomKind} RomKind */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

let connected = false;

let notifyChange = () => {};

/**
 * Show the ROMs, and react to the card's controls from the first call on.
 * @param {() => void} onChange  is called when the listener has added or removed some
 */
export async function show(onChange) {
  notifyChange = onChange;
  if (!connected) {
    connected = true;
    const chooser = /** @type {HTMLInputElement} */ (byId("add-roms"));
    chooser.addEventListener("change", () => addChosen(chooser));
    if (chooser.files?.length) await addChosen(chooser); // chosen while this module was loading
  }
  await list();
}

/** @param {HTMLInputElement} chooser */
async function addChosen(chooser) {
  const files = [...(chooser.files ?? [])];
  chooser.value = "";
  byId("unknown-roms").replaceChildren();
  await report(files.map((file) => add(file)));
}

/**
 * @param {File} file
 * @param {RomKind} [kind]
 */
async function add(file, kind) {
  try {
    const added = await addRoms(file, kind);
    return added.map(({ kind, name }) => `${TITLES[kind]} added: ${name}.`).join(" ");
  } catch (error) {
    if (!(error instanceof UnknownRomError) || error.kinds.length === 0) return error.message;
    byId("unknown-roms").append(choiceFor(file, error.kinds));
    return `${error.message} If you know what it is, choose above.`;
  }
}

/** @param {Promise<string>[]} works */
async function report(works) {
  byId("rom-result").textContent = (await Promise.all(works)).join(" ");
  notifyChange();
  await list();
}

async function list() {
  const roms = await listRoms().catch(() => []);
  byId("roms").replaceChildren(
    ...roms.map(({ kind, name }) => {
      const remove = async () => {
        await removeRom(kind);
        return `${TITLES[kind]} removed.`;
      };
      return item(`${TITLES[kind]}: ${name}`, [
        ["Remove", `Remove ${TITLES[kind]}`, () => report([remove()])],
      ]);
    }),
  );
}

/**
 * @param {File} file
 * @param {RomKind[]} kinds
 */
function choiceFor(file, kinds) {
  const line = item(
    file.name,
    kinds.map((kind) => [
      `Use as ${TITLES[kind]}`,
      `Use ${file.name} as ${TITLES[kind]}`,
      () => {
        line.remove();
        report([add(file, kind)]);
      },
    ]),
  );
  return line;
}

/**
 * @param {string} text
 * @param {[string, string, () => void][]} buttons  label, accessible name, action
 */
function item(text, buttons) {
  const line = document.createElement("li");
  const span = document.createElement("span");
  span.textContent = text;
  line.append(span);
  for (const [label, name, action] of buttons) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label, ariaLabel: name, onclick: action });
    line.append(" ", button);
  }
  return line;
}
