/** Links for other people. */

/**
 * Offer a link to other apps; copy it where the browser can't do that.
 * @param {string} title
 * @param {string} url
 * @returns {Promise<"shared" | "copied" | "failed">}
 */
export async function shareLink(title, url) {
  try {
    await navigator.share({ title, url });
    return "shared";
  } catch (error) {
    // It was the listener who closed the dialog; any other error says that there is none.
    if (error instanceof DOMException && error.name === "AbortError") return "shared";
  }
  try {
    await navigator.clipboard.writeText(url);
    return "copied";
  } catch {
    return "failed";
  }
}
