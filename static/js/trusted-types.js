/**
 * The page's default policy for Trusted Types, which its Content Security Policy requires where the browser has them:
 * no text becomes HTML, the text of a script, or a handler, and scripts and workers come from this server only. No
 * module, because it must run before anything else.
 */

{
  /** Where text may become code: PyScript creates a function from a string. */
  const EVALUATION = ["eval", "Function"];

  globalThis.trustedTypes?.createPolicy("default", {
    createScript: (text, _type, sink) => (EVALUATION.includes(sink) ? text : null),
    createScriptURL: (address) =>
      new URL(address, document.baseURI).href.startsWith(`${location.origin}/`) ? address : null,
  });
}
