#include "silence.h"

#include <algorithm>
#include <cmath>

namespace c64 {

namespace {
constexpr float threshold = 0.006f;   // peak to peak: a 6581's closed gates leak up to 0.005; faint notes have 0.0073
constexpr int silentSeconds = 6;      // rests in music are usually shorter
constexpr float highPass = 40;        // Hz
constexpr int maxGap = 10;            // windows with sound belong to one run if they are at most this far apart
constexpr int minRun = 5;             // a run of fewer windows is a click
}  // namespace

void Silence::reset(unsigned sampleRate) {
    *this = Silence();
    windowSize_ = (sampleRate + windowsPerSecond / 2) / windowsPerSecond;
    decay_ = std::exp(-6.2831853f * highPass / static_cast<float>(sampleRate));
    runTo_ = -maxGap - 1;
}

void Silence::add(const float* samples, std::size_t count) {
    if (!begun_ && count > 0) last_ = samples[0];
    begun_ |= count > 0;
    while (count > 0) {
        const std::size_t part = std::min<std::size_t>(count, windowSize_ - samples_);
        addPart(samples, part);
        if (samples_ == windowSize_) endWindow();
        samples += part;
        count -= part;
    }
}

void Silence::addPart(const float* samples, std::size_t count) {
    float filtered = filtered_, last = last_, lowest = lowest_, highest = highest_;
    for (std::size_t i = 0; i < count; ++i) {
        filtered = decay_ * filtered + decay_ * (samples[i] - last);
        last = samples[i];
        lowest = std::min(lowest, filtered);
        highest = std::max(highest, filtered);
    }
    filtered_ = filtered;
    last_ = last;
    lowest_ = lowest;
    highest_ = highest;
    samples_ += static_cast<unsigned>(count);
}

void Silence::endWindow() {
    const int window = windows_++;
    if (highest_ - lowest_ >= threshold) addSound(window);
    samples_ = 0;
    lowest_ = highest_ = filtered_;
    if (end_ <= 0 && soundTo_ > 0) end_ = windows_ - soundTo_ >= silentSeconds * windowsPerSecond ? soundTo_ : goesOn;
}

void Silence::addSound(int window) {
    if (window - runTo_ > maxGap) runFrom_ = window;
    runTo_ = window;
    if (window - runFrom_ + 1 >= minRun) soundTo_ = window + 1;
}

}  // namespace c64
