const ASCII = /^[ -~]*$/;

/**
 * Remove case and accents, so that "hulsbeck" finds "Hülsbeck".
 * @param {string} text
 */
export const fold = (text) =>
  (ASCII.test(text) ? text : text.normalize("NFD").replace(/\p{M}/gu, "")).toLowerCase();
