// What a tune is played with: what its header says, unless the listener chose otherwise.
#pragma once

#include "psid.h"

namespace c64 {

struct Overrides {
    Clock clock = Clock::Unknown;                         // Pal or Ntsc; else as the header says
    std::array<ChipModel, SidBank::maxChips> models{};    // Unknown: as the header says
};

struct Setting {
    bool ntsc = false;
    std::vector<SidSpec> sids;  // their models known
};

// Where nobody says anything, it is PAL and a 6581.
Setting settingFor(const Tune& tune, const Overrides& overrides);

// The tune and its setting as JSON, the song being `song`.
std::string describe(const Tune& tune, const Setting& setting, unsigned song);

}  // namespace c64
