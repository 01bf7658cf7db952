/** What serves this page. */

/** Whether there is a server, not only a host of files: it takes shared data, and drives other players. */
export const server = true;

/** The global model of a page without a server. */
export const model = new URL("../../sidflow_feedback/learning/first_model.json", import.meta.url).href;
