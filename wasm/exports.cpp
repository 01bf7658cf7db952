// The module's interface to its host. README.md documents each function.
#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "player.h"
#include "state.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

using c64::Clock, c64::CombinedWaves, c64::Scope, c64::SidBank, c64::Trace;

namespace {

constexpr unsigned maxFile = 131072, maxFrames = 16384;

std::array<uint8_t, maxFile> input;
std::array<std::array<float, maxFrames>, 2> output;  // left or mono, right

c64::RomImages roms;
Trace trace;

struct Module {
    c64::Player player{roms};
    std::string info, inspection;
};

// Created on first use: a C64 is too large for the stack and too slow to create at load time.
Module& instance() {
    static const auto module = std::make_unique<Module>();
    return *module;
}

c64::Player& player() { return instance().player; }

int status(bool ok) { return ok ? 0 : 1; }

std::span<const uint8_t> file(unsigned size) { return {input.data(), std::min(size, maxFile)}; }

}  // namespace

EXPORT(sid_input)(unsigned size) -> uint8_t* {
    return size > maxFile ? nullptr : input.data();
}

EXPORT(sid_load)(unsigned size) -> int {
    return status(player().load(file(size)));
}

EXPORT(sid_inspect)(unsigned size) -> const char* {
    instance().inspection = c64::inspect(file(size));
    return instance().inspection.c_str();
}

EXPORT(sid_info)() -> const char* {
    instance().info = player().info();
    return instance().info.c_str();
}

EXPORT(sid_start)(unsigned song, unsigned sampleRate) -> int { return status(player().start(song, sampleRate)); }

EXPORT(sid_analyze)(unsigned song, unsigned sampleRate) -> int {
    return status(player().analyze(song, sampleRate, trace));
}

EXPORT(sid_trace)() -> const Trace::Write* { return trace.writes(); }

EXPORT(sid_trace_size)() -> unsigned { return static_cast<unsigned>(trace.size() * sizeof(Trace::Write)); }

EXPORT(sid_end)() -> int { return player().end(); }

EXPORT(sid_render)(unsigned frames) -> unsigned {
    frames = std::min(frames, maxFrames);
    return player().render(output[0].data(), output[1].data(), frames) ? frames : 0;
}

EXPORT(sid_skip)(unsigned frames) -> unsigned {
    frames = std::min(frames, maxFrames);
    return player().skip(frames) ? frames : 0;
}

EXPORT(sid_output)(unsigned channel) -> const float* {
    return output[channel == 1 && player().sids().stereo() ? 1 : 0].data();
}

EXPORT(sid_width)(unsigned percent) -> void { player().sids().width(std::min(percent, 100u) / 100.0); }

EXPORT(sid_mute)(unsigned mask) -> void { player().sids().mute(mask); }

EXPORT(sid_override_clock)(unsigned clock) -> void {
    player().overrides().clock = clock == 1 ? Clock::Pal : clock == 2 ? Clock::Ntsc : Clock::Unknown;
}

EXPORT(sid_override_chip)(unsigned chip, unsigned model) -> void {
    if (chip >= SidBank::maxChips) return;
    const bool known = model == 6581 || model == 8580;
    player().overrides().models[chip] = known ? static_cast<c64::ChipModel>(model) : c64::ChipModel::Unknown;
}

EXPORT(sid_rom)(unsigned kind, unsigned size) -> int {
    return status(kind <= 2 && player().setRom(static_cast<c64::RomKind>(kind), file(size)));
}

EXPORT(sid_override_sound)(unsigned filterCurve, unsigned digiBoost, unsigned combined) -> void {
    constexpr std::array strengths{CombinedWaves::Average, CombinedWaves::Weak, CombinedWaves::Strong};
    player().overrides().sound = {std::min(filterCurve, 100u) / 100.0, digiBoost != 0,
                                  strengths[combined < strengths.size() ? combined : 0]};
}

EXPORT(sid_registers)(unsigned chip) -> const uint8_t* {
    return player().sids().chip(std::min(chip, SidBank::maxChips - 1)).registers().data();
}

EXPORT(sid_scope)(unsigned on) -> void { player().sids().showScope(on != 0); }

EXPORT(sid_wave_size)() -> unsigned { return static_cast<unsigned>(player().sids().chip(0).wave(0).size()); }

EXPORT(sid_wave)(unsigned voice) -> const int8_t* {
    voice = std::min(voice, SidBank::maxChips * Scope::voices - 1);
    return player().sids().chip(voice / Scope::voices).wave(voice % Scope::voices).data();
}

EXPORT(sid_state)() -> std::byte* { return c64::state().data(); }

EXPORT(sid_state_size)() -> unsigned { return static_cast<unsigned>(c64::state().size()); }

EXPORT(sid_message)() -> const char* { return player().message().c_str(); }
