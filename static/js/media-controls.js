/** The system's media controls: lock screen, media keys, headphones. No method throws. */

/** Seconds of a jump, if the system names none. */
const JUMP = 10;

export class MediaControls {
  /** Browsers offer controls for audio elements only. This one plays silence while the Web Audio graph sounds. */
  #silence = new Audio();
  /** @type {MediaSession | undefined} */
  #session = navigator.mediaSession;

  /** @param {string} silence  address of a silent sound of more than 5 s */
  constructor(silence) {
    this.#silence.preload = "none";
    this.#silence.loop = true;
    this.#silence.src = silence;
  }

  /**
   * @param {MediaSessionAction} action
   * @param {(seconds: number) => void} listener  receives the target or the length of a jump
   */
  on(action, listener) {
    try {
      this.#session?.setActionHandler(action, ({ seekTime, seekOffset }) =>
        listener(seekTime ?? seekOffset ?? JUMP),
      );
    } catch {
      // This browser doesn't know the action.
    }
  }

  /**
   * Show a tune.
   * @param {string} title
   * @param {string} artist
   * @param {string} album
   * @param {string} picture  address of a square PNG
   */
  show(title, artist, album, picture) {
    if (!this.#session) return;
    const artwork = [{ src: picture, sizes: "512x512", type: "image/png" }];
    this.#session.metadata = new MediaMetadata({ title, artist, album, artwork });
  }

  /**
   * Show a state.
   * @param {MediaSessionPlaybackState} state
   * @param {number} duration  in seconds
   * @param {number} position
   */
  setState(state, duration, position) {
    // It needs a click before, as the music does; a refusal leaves the page without controls only.
    if (state === "playing") this.#silence.play().catch(() => {});
    else this.#silence.pause();
    if (!this.#session) return;
    this.#session.playbackState = state;
    if (state === "none") this.#session.metadata = null;
    else if (duration > 0) {
      this.#session.setPositionState?.({ duration, position: Math.min(Math.max(position, 0), duration) });
    }
  }
}
