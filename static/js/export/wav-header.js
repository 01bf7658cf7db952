/** The header of a WAV file of 16-bit samples (RIFF, Multimedia Programming Interface 1.0, 1991). */

const SIZE = 44;
const SAMPLE_BYTES = 2;

/**
 * @param {number} frames
 * @param {number} channels
 * @param {number} sampleRate  Hz
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function wavHeader(frames, channels, sampleRate) {
  const view = new DataView(new ArrayBuffer(SIZE));
  const frameBytes = channels * SAMPLE_BYTES;
  const bytes = frames * frameBytes;
  /** @type {(at: number, text: string) => void} */
  const text = (at, letters) => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, SIZE - 8 + bytes, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // size of this chunk
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 8 * SAMPLE_BYTES, true);
  text(36, "data");
  view.setUint32(40, bytes, true);
  return new Uint8Array(view.buffer);
}
