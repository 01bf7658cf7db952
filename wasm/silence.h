// Detects the end of a song: there was sound, and then silence for a while.
//
// The signal is high-pass filtered and cut into windows. A window has sound if its peak-to-peak value reaches a
// threshold. The filter removes the DC offset of digis; a step in the offset decays within about 20 ms. A click of the
// volume register is therefore a short run of windows, and a note, a drum, or a buzz of clicks is a longer one. Only
// longer runs count.
#pragma once

#include <cstddef>

namespace c64 {

class Silence {
public:
    static constexpr int windowsPerSecond = 100, noSound = 0, goesOn = -1;

    void reset(unsigned sampleRate);
    // The next samples of the song, in [-1, 1].
    void add(const float* samples, std::size_t count);

    // The window after the last sound, if the song has ended; else `noSound` or `goesOn`. An ended song stays so.
    int end() const { return end_; }

private:
    void addPart(const float* samples, std::size_t count);
    void endWindow();
    void addSound(int window);

    float decay_ = 0, last_ = 0, filtered_ = 0, lowest_ = 0, highest_ = 0;
    unsigned windowSize_ = 1, samples_ = 0;
    bool begun_ = false;
    int windows_ = 0, runFrom_ = 0, runTo_ = 0, soundTo_ = 0, end_ = noSound;
};

}  // namespace c64
