/**
 * The token by which the server knows the page of its own machine, for the local players. `serve --local-players`
 * prints an address that ends with `#token=...`. The page keeps the token in this browser, and removes it from the
 * address at once, so that it is neither seen nor shared with it.
 */

import { getItem, setItem } from "../../../sidflow_feedback/page/local.js";

const KEY = "sidflow.token";
const FRAGMENT = /^#token=([\w-]+)$/;

keep();
addEventListener("hashchange", keep);

/** @returns {string} "" if there is none */
export const token = () => getItem(KEY) ?? "";

function keep() {
  const found = FRAGMENT.exec(location.hash);
  if (!found) return;
  setItem(KEY, found[1] ?? "");
  history.replaceState(history.state, "", location.pathname + location.search);
}
