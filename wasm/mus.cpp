#include "mus.h"

#include <algorithm>

namespace c64 {

namespace {

constexpr uint8_t shortCode = 0x01, haltOption = 0x4f;
constexpr std::size_t headerSize = 8, lineCount = 5;
constexpr unsigned maxCommands = 2000;  // between two notes: more is an endless loop
constexpr unsigned shortestJiffy = 3000;

// The highest octave, C to B. Lower ones are halves, rounded down.
constexpr std::array<unsigned, 12> topOctave{34334, 36376, 38539, 40830, 43258, 45830,
                                             48556, 51443, 54502, 57743, 61176, 64814};
constexpr int middleC = 48;  // half steps from the lowest C

enum Flag : unsigned { Gate = 0x01, Sync = 0x02, Ring = 0x04 };
enum Destination : unsigned { NoDestination, Frequency, PulseWidth, Cutoff };

int signedByte(uint8_t byte) { return static_cast<int8_t>(byte); }

unsigned frequencyOf(int halfSteps) {
    const int octave = (halfSteps + 120) / 12 - 10;
    const unsigned top = topOctave[static_cast<unsigned>(halfSteps + 120) % 12];
    return top >> std::clamp(7 - octave, 0, 15);
}

// Both transpositions are stored with the octave in the low bits.
int transposition(uint8_t code) {
    const int step = code >> 4, octave = code & 0x0f;
    return octave % 2 ? step + 1 - 12 * ((octave + 1) / 2) : step + 12 * (7 - octave / 2);
}

int relativeTransposition(uint8_t code) { return (code >> 3) + 1 + 12 * (2 - (code & 7)); }

char letterOf(uint8_t petscii) {
    if (petscii >= 0xc1 && petscii <= 0xda) return static_cast<char>(petscii - 0x80);
    return petscii >= 0x20 && petscii < 0x60 ? static_cast<char>(petscii) : '\0';
}

}  // namespace

bool readMus(std::span<const uint8_t> file, MusPart& part) {
    if (file.size() <= headerSize) return false;
    std::size_t at = headerSize;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t size = file[2 + 2 * i] | file[3 + 2 * i] << 8;
        if (size < 2 || at + size > file.size()) return false;
        const auto data = file.subspan(at, size);
        if (data[size - 2] != shortCode || data[size - 1] != haltOption) return false;
        part.voices[i].assign(data.begin(), data.end());
        at += size;
    }
    part.text.assign(1, {});
    for (; at < file.size() && file[at]; ++at) {
        if (file[at] == '\r') part.text.emplace_back();
        else if (const char letter = letterOf(file[at])) part.text.back() += letter;
    }
    for (std::string& line : part.text) {
        line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
        line.erase(line.find_last_not_of(' ') + 1);
    }
    part.text.resize(lineCount);
    part.size = std::min(at + 1, file.size());
    return true;
}

MusPlayer::MusPlayer(const MusPart& part) {
    for (std::size_t i = 0; i < voices_.size(); ++i) voices_[i].data = &part.voices[i];
}

bool MusPlayer::advance() {
    if (stopped_) return false;
    retriggered.fill(false);
    for (Voice& voice : voices_) {
        if (!voice.halted) advance(voice);
    }
    if (std::all_of(voices_.begin(), voices_.end(), [](const Voice& voice) { return voice.halted; })) stop();
    if (stopped_) return false;
    advanceOscillator();
    for (unsigned i = 0; i < voices_.size(); ++i) writeVoice(voices_[i], i);
    int cutoff = cutoff_;
    for (const Voice& voice : voices_) cutoff += modulation(voice, Cutoff);
    registers[21] = cutoff & 7;
    registers[22] = cutoff >> 3 & 0xff;
    registers[23] = static_cast<uint8_t>(resonance_ << 4 | routing_);
    registers[24] = static_cast<uint8_t>(mode_ | volume_);
    return true;
}

void MusPlayer::stop() {
    stopped_ = true;
    for (unsigned i = 0; i < 3; ++i) registers[7 * i + 1] = registers[7 * i + 4] = 0;
}

void MusPlayer::advance(Voice& voice) {
    if (voice.elapsed < voice.duration) ++voice.elapsed;
    if (voice.elapsed >= voice.duration) {
        for (unsigned i = 0; i < maxCommands; ++i) {
            if (voice.halted || stopped_) return;
            if (readNote(voice)) return;
        }
        voice.halted = true;
        return;
    }
    sound(voice);
}

// Plays the current note on: release, portamento, vibrato, and sweeps.
void MusPlayer::sound(Voice& voice) {
    const unsigned release = voice.duration > voice.releasePoint ? voice.duration - voice.releasePoint : 0;
    if (voice.releasePoint && !voice.tied && voice.elapsed >= std::max(release, voice.hold)) voice.gate = false;
    if (voice.portamento) {
        const int distance = voice.target - voice.pitch;
        voice.pitch += std::clamp(distance, -voice.portamento, voice.portamento);
    }
    voice.vibrato.advance();
    voice.pulseVibrato.advance();
    voice.pulseOffset += voice.pulseSweep;
    cutoff_ += voice.filterSweep;
}

void MusPlayer::Vibrato::advance() {
    if (!depth) return;
    value += direction * depth;
    step += direction;
    if (step == direction * rate) direction = -direction;
}

// Reads a note or a command; returns whether a note has started.
bool MusPlayer::readNote(Voice& voice) {
    if (voice.at + 2 > voice.data->size()) {
        voice.halted = true;
        return false;
    }
    const uint8_t code = (*voice.data)[voice.at], option = (*voice.data)[voice.at + 1];
    voice.at += 2;
    if ((code & 3) == 0) return startNote(voice, code, option);
    command(voice, code, option);
    return false;
}

// Jiffies of a note; 0 if the tempo doesn't divide into such notes.
unsigned MusPlayer::duration(const Voice& voice, uint8_t code) const {
    constexpr uint8_t dotted = 0x20, triplet = 0x80;
    const unsigned kind = code >> 2 & 7;
    if (kind == 1) return code & dotted ? voice.utility : utility_;
    unsigned part = kind == 0 ? 64 : 1u << (kind - 2), factor = 1;
    const bool isDotted = kind && (code & dotted), isTriplet = code & triplet;
    if (isDotted && isTriplet) {
        factor = 7;
        part *= 4;
    } else if (isDotted) {
        factor = 3;
        part *= 2;
    } else if (isTriplet) {
        factor = 2;
        part *= 3;
    }
    const unsigned whole = (tempo_ ? tempo_ : 256) * factor;
    return whole % part || whole / part > 256 ? 0 : whole / part;
}

bool MusPlayer::startNote(Voice& voice, uint8_t code, uint8_t option) {
    constexpr std::array steps{0, 0, 2, 4, 5, 7, 9, 11};
    constexpr std::array accidentals{0, 1, 0, -1};  // by the code of bits 6 and 7: 1 sharp, 2 none, 3 flat
    const unsigned name = option & 7;
    const int octave = 7 - (option >> 3 & 7);
    const int note = 12 * octave + steps[name] + accidentals[option >> 6] + voice.transpose;
    if (name) {
        voice.target = static_cast<int>(frequencyOf(note));
        if (!voice.portamento || code == 0) voice.pitch = voice.target;
    }
    if (code == 0) return false;  // only sets the pitch from which a portamento starts
    voice.duration = duration(voice, code);
    if (voice.duration == 0) {
        stop();
        return false;
    }
    voice.elapsed = 0;
    const bool continues = voice.tied && voice.gate;
    voice.tied = code & 0x40;
    if (name == 0) {
        voice.gate = false;
    } else if (!continues) {
        voice.gate = true;
        retriggered[static_cast<std::size_t>(&voice - voices_.data())] = true;
        voice.pulseOffset = 0;
        if (voice.filterSweep || voice.autoFilter) {
            cutoff_ = voice.cutoff + 8 * (voice.autoFilter * (note - middleC) / 12);
        }
    }
    return true;
}

void MusPlayer::command(Voice& voice, uint8_t code, uint8_t option) {
    const unsigned high = code >> 4;
    if (code == shortCode) return shortCommand(voice, option);
    if ((code & 3) == 3) {
        voice.portamento = (code >> 2) << 8 | option;
        return;
    }
    if ((code & 0x0f) == 0x02) {
        voice.pulse = static_cast<int>(high << 8 | option);
        return;
    }
    if ((code & 0x0f) == 0x0a) {
        voice.detune = static_cast<int>(high << 8 | option);
        if (voice.detune >= 0x800) voice.detune -= 0x1000;
        return;
    }
    if ((code & 0x3f) == 0x3e) {
        jiffy_ = static_cast<unsigned>(std::max<int>(shortestJiffy, 16421 + 60 * (signedByte(option) * 4 + (code >> 6))));
        return;
    }
    switch (code) {
        case 0x06: tempo_ = option; return;
        case 0x16: utility_ = option; return;
        case 0x26: voice.releasePoint = option; return;
        case 0x36:
            voice.repeats = option;
            voice.head = voice.at;
            return;
        case 0x56: voice.pulseSweep = signedByte(option); return;
        case 0x66: voice.filterSweep = signedByte(option); return;
        case 0x76: voice.vibrato.depth = option; return;
        case 0x86: voice.vibrato.rate = option; return;
        case 0x96: voice.autoFilter = signedByte(option); return;
        case 0xa6: voice.transpose = transposition(option); return;
        case 0xc6: voice.pulseVibrato.depth = option; return;
        case 0xd6: voice.pulseVibrato.rate = option; return;
        case 0xe6: lfoMax_ = option; return;
        case 0xf6: voice.utility = option; return;
        case 0x0e: cutoff_ = voice.cutoff = option << 3; return;
        case 0x2e: voice.transpose += relativeTransposition(option); return;
        case 0x4e: voice.hold = option; return;
        case 0x6e: voice.scale = signedByte(option); return;
        default: return;
    }
}

void MusPlayer::shortCommand(Voice& voice, uint8_t option) {
    const unsigned high = option >> 4;
    switch (option & 0x0f) {
        case 0x0: voice.attackDecay = (voice.attackDecay & 0xf0) | high; return;
        case 0x8: voice.sustainRelease = (voice.sustainRelease & 0xf0) | high; return;
        case 0x4: case 0xc: {
            unsigned& pair = option & 0x80 ? voice.sustainRelease : voice.attackDecay;
            pair = (pair & 0x0f) | (option >> 3 & 0x0f) << 4;
            return;
        }
        case 0x1: case 0x9: lfoUp_ = option >> 3; return;
        case 0x5: case 0xd: lfoDown_ = option >> 3; return;
        case 0x2:
            if (!phrases_[high].data || voice.calls.size() > 16) return stop();
            voice.calls.push_back(voice.at);
            voice.at = phrases_[high].at;
            return;
        case 0x6: phrases_[high] = {voice.data, voice.at}; return;
        case 0xa: resonance_ = high; return;
        case 0xe: volume_ = high; return;
        case 0x3: case 0xb: return flagCommand(voice, option);
        case 0x7:
            if (high & 1) mode_ = (mode_ & 0x80) | (high >> 1) << 4;
            else voice.wave = (high >> 1 ? high >> 1 : 8) << 4;
            return;
        default: break;
    }
    switch (option) {
        case 0x0f:
            if (voice.repeats != 1) voice.at = voice.head;
            if (voice.repeats) --voice.repeats;
            return;
        case 0x2f:
            if (voice.calls.empty()) return;
            voice.at = voice.calls.back();
            voice.calls.pop_back();
            return;
        case haltOption: voice.halted = true; return;
        case 0x1f: case 0x3f: case 0x5f: voice.source = high >> 1; return;
        case 0x8f: case 0xaf: case 0xcf: case 0xef: voice.destination = (high >> 1) & 3; return;
        default: return;
    }
}

void MusPlayer::flagCommand(Voice& voice, uint8_t option) {
    const bool on = option & 8;
    const auto set = [on](unsigned& bits, unsigned mask) { bits = on ? bits | mask : bits & ~mask; };
    switch (option >> 4) {
        case 0x0: volume_ = static_cast<unsigned>(std::clamp(static_cast<int>(volume_) + (on ? -1 : 1), 0, 15)); return;
        case 0x1: set(routing_, 1u << (&voice - voices_.data())); return;
        case 0x2: set(voice.flags, Ring); return;
        case 0x3: set(voice.flags, Sync); return;
        case 0x4: set(routing_, 8); return;
        case 0x5: set(mode_, 0x80); return;
        default: return;
    }
}

// A triangle between 0 and `lfoMax_`.
void MusPlayer::advanceOscillator() {
    lfo_ += lfoDirection_ > 0 ? lfoUp_ : -lfoDown_;
    if (lfo_ >= lfoMax_) lfoDirection_ = -1;
    if (lfo_ <= 0) lfoDirection_ = 1;
    lfo_ = std::clamp(lfo_, 0, lfoMax_);
}

int MusPlayer::modulation(const Voice& voice, unsigned destination) const {
    if (voice.destination != destination || voice.source != 0) return 0;
    return voice.scale >= 0 ? lfo_ << std::min(voice.scale, 7) : lfo_ >> std::min(-voice.scale, 7);
}

void MusPlayer::writeVoice(Voice& voice, unsigned index) {
    uint8_t* const to = &registers[7 * index];
    const int frequency = voice.pitch + voice.vibrato.value + voice.detune + modulation(voice, Frequency);
    const int pulse = voice.pulse + voice.pulseOffset + voice.pulseVibrato.value + modulation(voice, PulseWidth);
    to[0] = frequency & 0xff;
    to[1] = frequency >> 8 & 0xff;
    to[2] = pulse & 0xff;
    to[3] = pulse >> 8 & 0xff;
    to[4] = static_cast<uint8_t>(voice.wave | voice.flags | (voice.gate ? Gate : 0));
    to[5] = static_cast<uint8_t>(voice.attackDecay);
    to[6] = static_cast<uint8_t>(voice.sustainRelease);
}

}  // namespace c64
