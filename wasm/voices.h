// The voices inside a SID of reSIDfp, which keeps them private.
#pragma once

#include "SID.h"

namespace c64 {

constexpr unsigned voicesOfChip = 3;

reSIDfp::Voice (&voicesOf(reSIDfp::SID& sid))[voicesOfChip];

// Its level is zero from now on, or again what its envelope makes it; all else goes on.
void silenceVoice(reSIDfp::SID& sid, unsigned voice, bool on);

}  // namespace c64
