// One SID, clocked up to the exact cycle of each access, and the samples it has produced. What makes the sound is up to
// the derived class: `resid_chip` to listen to, `sketch_chip` to analyze.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "interrupt_line.h"
#include "scope.h"

namespace c64 {

enum class ChipModel : uint16_t { Unknown = 0, Mos6581 = 6581, Mos8580 = 8580 };
enum class CombinedWaves : uint8_t { Average, Weak, Strong };

constexpr uint8_t volumeRegister = 0x18;  // and filter modes

// What differs from one C64 to the next, or was changed by its owner. The defaults are those of sidplayfp.
struct Sound {
    double filterCurve = 0.5;  // of the 6581, from 0 (bright) to 1 (dark)
    bool digiBoost = false;    // a resistor at the 8580's audio input makes its volume register audible
    CombinedWaves combined = CombinedWaves::Average;
};

class SidChip {
public:
    using Registers = std::array<uint8_t, 0x20>;

    virtual ~SidChip() = default;

    // Resets the chip; its output has settled at `now`, so that there is no power-on click.
    void powerOn(ChipModel model, const Sound& sound, double clock, unsigned sampleRate, Cycle now);

    uint8_t read(uint8_t reg, Cycle now);
    void write(uint8_t reg, uint8_t value, Cycle now);

    // Clocks up to `now` and produces samples. If not audible, clocks only what a program can read, which is several
    // times as fast.
    void advance(Cycle now);
    void audible(bool on) { audible_ = on; }

    // Bit i silences voice i.
    virtual void mute(uint8_t mask) = 0;

    std::size_t available() const { return samples_.size(); }
    // Adds the first `count` samples, times `gain`, to `out`, and drops them. Full scale is [-1, 1].
    void mix(float* out, std::size_t count, float gain);
    // The same for two channels.
    void mix(float* left, float* right, std::size_t count, float gainLeft, float gainRight);
    void drop(std::size_t count);

    void showScope(bool on);
    const Scope::Wave& wave(unsigned voice) const { return scope_.shown(voice); }
    // As last written by the tune.
    const Registers& registers() const { return registers_; }

protected:
    using Samples = std::vector<float>;

    static constexpr Cycle slice = 4096;  // most cycles of one call of `sound` or `silence`

    // Resets the chip, with the volume at 15. Returns what its samples are to be multiplied by.
    virtual float reset(ChipModel model, const Sound& sound, double clock, unsigned sampleRate) = 0;
    virtual uint8_t load(uint8_t reg) = 0;
    virtual void store(uint8_t reg, uint8_t value) = 0;
    // Takes a write `cycles` after the last clocked one without clocking; false if it can't.
    virtual bool defer(uint8_t, uint8_t, Cycle) { return false; }
    // Clocks, and appends samples.
    virtual void sound(unsigned cycles, Samples& samples) = 0;
    virtual void silence(unsigned cycles) = 0;
    // The voices before the filter, for the scope.
    virtual Scope::Levels levels() = 0;

private:
    Samples samples_;
    Registers registers_{};
    Scope scope_;
    bool audible_ = true;
    float scale_ = 0;
    Cycle now_ = 0;
};

}  // namespace c64
