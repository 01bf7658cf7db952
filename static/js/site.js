/** What serves this page. */

/** Whether there is a server, not only a host of files: it takes shared data, and drives other players. */
export const server = true;

/** Address of this site, with a slash at the end. Releases are below `r/NAME/`, and a proxy may add a path before it. */
export const root = new URL("../../../../", import.meta.url).href;

/** The global model of a page without a server. */
export const model = new URL("../../sidflow_feedback/learning/first_model.json", import.meta.url).href;
