// The module's interface to its host; README.md documents each function.
#include <algorithm>
#include <array>
#include <memory>

#include "player.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace {

constexpr unsigned maxFile = 131072, maxFrames = 4096;

std::array<uint8_t, maxFile> input;
std::array<float, maxFrames> output;
std::string info;

// Built on first use: a C64 is too large for the stack and too slow to make at load time.
c64::Player& player() {
    static const auto instance = std::make_unique<c64::Player>();
    return *instance;
}

int status(bool ok) { return ok ? 0 : 1; }

}  // namespace

EXPORT(sid_input)(unsigned size) -> uint8_t* {
    return size > maxFile ? nullptr : input.data();
}

EXPORT(sid_load)(unsigned size) -> int {
    return status(player().load({input.begin(), input.begin() + std::min(size, maxFile)}));
}

EXPORT(sid_info)() -> const char* {
    info = player().infoJson();
    return info.c_str();
}

EXPORT(sid_start)(unsigned song, unsigned sampleRate) -> int { return status(player().start(song, sampleRate)); }

EXPORT(sid_render)(unsigned frames) -> unsigned {
    frames = std::min(frames, maxFrames);
    return player().render(output.data(), frames) ? frames : 0;
}

EXPORT(sid_output)() -> const float* { return output.data(); }

EXPORT(sid_mute)(unsigned mask) -> void { player().mute(static_cast<uint8_t>(mask)); }

EXPORT(sid_message)() -> const char* { return player().message().c_str(); }
