/** Shows a folder or a composer above the list, and what is known about the playing tune. */

/** @typedef {import("./place-info.js").Link} Link */
/** @typedef {import("./place-info.js").PlaceInfo} PlaceInfo */
/** @typedef {import("./place-info.js").TuneInfo} TuneInfo */
/** @typedef {import("./stil.js").Cover} Cover */
/** @typedef {import("./stil.js").Note} Note */
/** @typedef {import("./tune-index.js").Place} Place */
/** @typedef {(place: Place) => void} Open */

const UNKNOWN = "–:––";

/** What is shown now, so that elements with focus stay while nothing changes. */
const shown = { place: "", tune: "" };

/**
 * @param {HTMLElement} panel
 * @param {PlaceInfo} info
 * @param {Place} place
 * @param {{open: Open, play: (name: string) => void, station: () => void}} actions
 * @param {boolean} follow  whether to move the focus to it
 */
export function showPlace(panel, info, place, { open, play, station }, follow) {
  const state = JSON.stringify([info, place]);
  if (state === shown.place && !follow) return;
  shown.place = state;
  const hadFocus = panel.contains(document.activeElement);
  const isFolder = info.kind === "folder";
  fill(
    "place-trail",
    info.trail.map((link) => item(button(link, open))),
  );
  part("place-name").textContent = info.name;
  part("place-detail").textContent = detail(info, place);
  text("place-comment", info.comment);
  fill(
    "place-links",
    info.links.map((link) => button(link, open)),
  );
  fill(
    "place-parts",
    info.parts.map((link) => partItem(link, link.place.year, place, open)),
  );
  part("place-parts").setAttribute("aria-label", isFolder ? "Folders in it" : "Years");
  part("place-parts").hidden = !info.parts.length;
  part("place-play").textContent = isFolder ? "Play this folder" : "Play all";
  part("place-station").hidden = isFolder;
  part("place-station").onclick = station;
  part("place-play").onclick = () => play(info.name);
  part("place-close").onclick = () => open({});
  if (follow || hadFocus) part("place-name").focus();
}

/**
 * @param {TuneInfo} info
 * @param {Open} open
 */
export function showTune(info, open) {
  const state = JSON.stringify([info, part("now-author").textContent]);
  if (state === shown.tune) return;
  shown.tune = state;
  showAuthor(info.composers, open);
  const folders = info.trail.flatMap((link) => [button(link, open), "/"]);
  part("now-path").hidden = !info.file;
  part("now-path").replaceChildren(...folders, info.file);
  const notes = [
    ...rows(info.song, "Comment"),
    ...rows(info.tune, info.songs.length ? "All songs" : "Comment"),
  ];
  part("now-notes").hidden = !notes.length;
  fill(
    "now-notes",
    notes.flatMap(([name, value], number) => [
      ...(name === notes[number - 1]?.[0] ? [] : [element("dt", name)]),
      element("dd", value),
    ]),
  );
  part("now-songs").hidden = !info.songs.length;
  const songs = info.songs.map(({ name, length }) =>
    element("li", [name, exact(length)].filter(Boolean).join(", ")),
  );
  part("now-songs")
    .querySelector("ol")
    ?.replaceChildren(...songs);
}

/**
 * Make a link of each composer in the author's text.
 * @param {Link[]} composers
 * @param {Open} open
 */
function showAuthor(composers, open) {
  const author = part("now-author");
  let rest = author.textContent ?? "";
  /** @type {(string | Node)[]} */
  const children = [];
  for (const link of composers) {
    const at = rest.indexOf(link.name);
    if (at < 0) continue;
    children.push(rest.slice(0, at), button(link, open));
    rest = rest.slice(at + link.name.length);
  }
  author.replaceChildren(...children, rest);
}

/**
 * @param {PlaceInfo} info
 * @param {Place} place
 */
function detail({ kind, tunes, parts, match }, { year }) {
  const number = `${tunes.toLocaleString("en")} ${tunes === 1 ? "tune" : "tunes"}`;
  const count = match === null ? number : `${number}, match ${match.toFixed(1)} of 5 on average`;
  const years = parts.map(({ place }) => place.year).filter(Boolean);
  if (kind === "folder" || !years.length) return count;
  const span = years.length > 1 ? `${years[0]} to ${years.at(-1)}` : years[0];
  return `${count}, ${span}${year === undefined ? "" : `; shown: ${year || "unknown year"}`}`;
}

/**
 * @param {import("./place-info.js").Part} link
 * @param {string | undefined} year
 * @param {Place} place  the one that is shown
 * @param {Open} open
 */
function partItem(link, year, place, open) {
  const isShown = year !== undefined && year === place.year;
  const target = isShown ? { ...link.place, year: undefined } : link.place;
  const added = button({ name: link.name, place: target }, open);
  if (year !== undefined) added.setAttribute("aria-pressed", String(isShown));
  const count = element("span", link.tunes.toLocaleString("en"));
  count.className = "quiet";
  added.append(" ", count);
  return item(added);
}

/**
 * @param {Note | null} note
 * @param {string} label  of its comment
 * @returns {[string, string][]}
 */
function rows(note, label) {
  if (!note) return [];
  /** @type {[string, string][]} */
  const all = [
    ["Song title", note.name],
    ["Song by", note.author],
    ...note.covers.flatMap(coverRows),
    [label, note.comment],
  ];
  return all.filter(([, value]) => value);
}

/**
 * @param {Cover} cover
 * @returns {[string, string][]}
 */
function coverRows({ title, artist, time, comment }) {
  const original = [title || "an unknown title", artist && `by ${artist}`].filter(Boolean).join(" ");
  const when = time && (time.includes("-") ? `, ${time.replace("-", " to ")}` : `, from ${time}`);
  return [
    ["Covers", title || artist ? original + when : ""],
    ["About the cover", comment],
  ];
}

/**
 * @param {number | null} seconds
 * @returns {string} with milliseconds where there are any
 */
function exact(seconds) {
  if (seconds === null) return UNKNOWN;
  const thousandths = Math.round(seconds * 1000);
  const rest = String(thousandths % 60_000).padStart(5, "0");
  const part = rest.slice(2) === "000" ? "" : `.${rest.slice(2)}`;
  return `${Math.floor(thousandths / 60_000)}:${rest.slice(0, 2)}${part}`;
}

/**
 * @param {Link} link
 * @param {Open} open
 */
function button({ name, place }, open) {
  const added = document.createElement("button");
  added.type = "button";
  added.className = "link";
  added.textContent = name;
  added.addEventListener("click", () => open(place));
  return added;
}

/** @param {Node} child */
function item(child) {
  const added = document.createElement("li");
  added.append(child);
  return added;
}

/**
 * @param {string} tag
 * @param {string} content
 */
function element(tag, content) {
  const added = document.createElement(tag);
  added.textContent = content;
  return added;
}

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} id
 * @param {Node[]} children
 */
const fill = (id, children) => part(id).replaceChildren(...children);

/**
 * @param {string} id  of an element that is hidden without a text
 * @param {string} content
 */
function text(id, content) {
  part(id).textContent = content;
  part(id).hidden = !content;
}
