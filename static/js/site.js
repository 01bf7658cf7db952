/** What serves this page. */

/** Whether there is a server, not only a host of files: it takes shared data, and drives other players. */
export const server = true;
