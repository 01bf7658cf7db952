/**
 * @param {string} name  of a custom property
 * @returns {string} its present color, in a form that a canvas takes
 */
export function color(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/**
 * Call `redraw` after each change of the theme.
 * @param {() => void} redraw
 */
export function onTheme(redraw) {
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
