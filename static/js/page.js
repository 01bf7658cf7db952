/**
 * What the page loads: PyScript, MicroPython, and the modules that the page's Python imports from
 * `pyscript.js_modules`. Set-up makes one file of all of them (`app/setup/bundle.py`).
 */

import "./sole-program.js";
import "../vendor/pyscript/core.js";
import * as start_snapshot from "../../sidflow_feedback/engine/boot/start-snapshot.js";
import * as local from "../../sidflow_feedback/page/local.js";
import * as sidflow_feedback from "../../sidflow_feedback/page/modules.js";
import * as storage from "../../sidflow_feedback/page/storage.js";
import * as files from "./files.js";
import * as first_press from "./first-press.js";
import * as insights from "./insights/load.js";
import * as media_controls from "./media-controls.js";
import * as next_task from "./next-task.js";
import * as offline from "./offline.js";
import * as player_remote from "./player/remote.js";
import * as share from "./share.js";
import * as sid_audio from "./sid/audio.js";
import * as sid_player from "./sid/player.js";
import * as sid_scope from "./sid/scope.js";
import * as site from "./site.js";
import * as tunes_collection from "./tunes/collection.js";
import * as tunes_filters from "./tunes/filters.js";
import * as tunes_list from "./tunes/list.js";
import * as tunes_places from "./tunes/places.js";
import * as tunes_playlist_panel from "./tunes/playlist-panel.js";
import * as tunes_reorder from "./tunes/reorder.js";
import * as tunes_row_menu from "./tunes/row-menu.js";

export { loadMicroPython } from "./micropython.js";

const MODULES = {
  ...{
    files,
    first_press,
    insights,
    local,
    media_controls,
    offline,
    player_remote,
    share,
    sid_audio,
    sid_player,
    sid_scope,
    sidflow_feedback,
  },
  ...{ next_task, site, start_snapshot, storage, tunes_collection, tunes_filters, tunes_list },
  ...{ tunes_places, tunes_playlist_panel, tunes_reorder, tunes_row_menu },
};

// Where PyScript keeps what a configuration names under `js_modules`.
/** @type {Map<string, object>} */
const registered = Reflect.get(globalThis, Symbol.for("polyscript.js_modules"));
for (const [name, module] of Object.entries(MODULES)) registered.set(name, { ...module });
