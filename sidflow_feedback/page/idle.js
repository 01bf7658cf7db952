/** Grants the engine idle time: only a page knows when the browser is idle, and when to save energy or data. */

import { Post, Publication } from "./messages.js";

/** Milliseconds. */
const MAX_WAIT = 2000;
const FALLBACK_GRANT = 5;
const FALLBACK_WAIT = 50;

const LOW_BATTERY = 0.2;

/** @param {import("./channel.js").EngineChannel} channel */
export function grantIdleTime(channel) {
  const savingReason = watchSavers();
  channel.on(Publication.IDLE_WANTED, (id) => {
    /** @param {{withheld: string} | {milliseconds: number, waited: number}} grant */
    const answer = (grant) =>
      channel.post(Post.IDLE_GRANTED, JSON.stringify({ id: JSON.parse(id), ...grant }));
    const withheld = savingReason();
    const asked = performance.now();
    if (withheld) answer({ withheld });
    else whenIdle((milliseconds) => answer({ milliseconds, waited: performance.now() - asked }));
  });
}

/** @param {(milliseconds: number) => void} grant */
function whenIdle(grant) {
  // A hidden page has no frames to disturb, and browsers hardly ever call its idle callbacks.
  if (document.hidden || !("requestIdleCallback" in globalThis)) {
    setTimeout(() => grant(FALLBACK_GRANT), FALLBACK_WAIT);
    return;
  }
  requestIdleCallback(
    (deadline) => {
      // After a click without a repaint, Chromium runs no idle callbacks until the page's next frame.
      if (deadline.didTimeout) requestAnimationFrame(() => {});
      grant(deadline.didTimeout ? 0 : deadline.timeRemaining());
    },
    { timeout: MAX_WAIT },
  );
}

/** @returns {() => string | null} returns why only listening may use the device now; null if idle work may, too */
function watchSavers() {
  /** @type {{charging: boolean, level: number} | null} */
  let battery = null;
  navigator.getBattery?.().then(
    (found) => {
      battery = found;
    },
    () => {}, // A policy can withhold it from a page.
  );
  return () => {
    if (navigator.connection?.saveData) return "the browser's data saver is on";
    if (battery && !battery.charging && battery.level <= LOW_BATTERY) return "the battery is low";
    return null;
  };
}
