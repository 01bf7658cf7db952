// Clock and chip models for a tune: those of its header, unless the listener overrides them.
#pragma once

#include "psid.h"

namespace c64 {

struct Overrides {
    Clock clock = Clock::Unknown;                         // Pal or Ntsc; otherwise the header's
    std::array<ChipModel, SidBank::maxChips> models{};    // Unknown: the header's
    Sound sound;
};

struct Setting {
    bool ntsc = false;
    std::vector<SidSpec> sids;  // no model is Unknown
};

// Defaults to PAL and the 6581 where neither header nor overrides specify anything.
Setting settingFor(const Tune& tune, const Overrides& overrides);

// The tune and its setting as a JSON object, for the song `song`.
std::string describe(const Tune& tune, const Setting& setting, unsigned song);

// The tune with its header's setting, and `problem`, as a JSON object {"problem": "", "tune": {}}. `tune` is null if the
// file has no readable header.
std::string describe(const Tune& tune, const std::string& problem);

}  // namespace c64
