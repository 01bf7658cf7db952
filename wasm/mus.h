// Plays Compute!'s Sidplayer music (MUS): three voices of notes and commands, read once per jiffy. Written from the
// published description of the format; what that leaves open, such as default values, is as heard from the original.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace c64 {

// One MUS file: the data of the voices, without the HLT at each end, and the lines of its text in UTF-8.
struct MusPart {
    std::array<std::vector<uint8_t>, 3> voices;
    std::vector<std::string> text;
    std::size_t size = 0;  // bytes in the file
};

// Returns whether `file`, which starts with a load address, is MUS data.
bool readMus(std::span<const uint8_t> file, MusPart& part);

// Plays one part on one SID.
class MusPlayer {
public:
    static constexpr unsigned registerCount = 25;

    explicit MusPlayer(const MusPart& part);

    // Plays one jiffy: fills in `registers`, and returns false once all voices have halted.
    bool advance();

    // What to write to the SID. Voices in `retriggered` must first get their control register without the gate.
    std::array<uint8_t, registerCount> registers{};
    std::array<bool, 3> retriggered{};

    // Cycles between two jiffies, 0 until the music sets it.
    unsigned jiffy() const { return jiffy_; }

private:
    // Swings between `rate` steps above and below zero.
    struct Vibrato {
        int depth = 0, rate = 0, value = 0, step = 0, direction = 1;
        void advance();
    };


    struct Voice {
        const std::vector<uint8_t>* data = nullptr;
        std::size_t at = 0;
        bool halted = false, tied = false, gate = false;
        unsigned elapsed = 0, duration = 0;
        unsigned releasePoint = 4, hold = 0, utility = 1;
        int pitch = 0, target = 0, portamento = 0, detune = 0, transpose = 0;
        unsigned wave = 0x40, flags = 0, attackDecay = 0x20, sustainRelease = 0xf5;
        int pulse = 0x800, pulseOffset = 0, pulseSweep = 0;
        int cutoff = 0, autoFilter = 0, filterSweep = 0;
        Vibrato vibrato, pulseVibrato;
        unsigned repeats = 0;
        std::size_t head = 0;
        std::vector<std::size_t> calls;
        unsigned source = 0, destination = 0;
        int scale = 0;
    };

    struct Phrase {
        const std::vector<uint8_t>* data = nullptr;
        std::size_t at = 0;
    };

    void advance(Voice& voice);
    bool readNote(Voice& voice);
    void command(Voice& voice, uint8_t code, uint8_t option);
    void shortCommand(Voice& voice, uint8_t option);
    void flagCommand(Voice& voice, uint8_t option);
    bool startNote(Voice& voice, uint8_t code, uint8_t option);
    unsigned duration(const Voice& voice, uint8_t code) const;
    void sound(Voice& voice);
    void writeVoice(Voice& voice, unsigned index);
    void advanceOscillator();
    int modulation(const Voice& voice, unsigned destination) const;
    void stop();

    std::array<Voice, 3> voices_;
    std::array<Phrase, 24> phrases_;
    unsigned tempo_ = 0x90, utility_ = 12, jiffy_ = 0, volume_ = 8, mode_ = 0, routing_ = 8, resonance_ = 0;
    int cutoff_ = 0;
    int lfo_ = 0, lfoUp_ = 0, lfoDown_ = 0, lfoMax_ = 0, lfoDirection_ = 1;
    bool stopped_ = false;
};

}  // namespace c64
