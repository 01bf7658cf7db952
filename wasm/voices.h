// Access to the voices of a reSIDfp SID, where they are private.
#pragma once

#include "SID.h"

namespace c64 {

constexpr unsigned voicesOfChip = 3;

reSIDfp::Voice (&voicesOf(reSIDfp::SID& sid))[voicesOfChip];

// Sets the voice's level to zero, or lets its envelope set it again. Everything else keeps running.
void silenceVoice(reSIDfp::SID& sid, unsigned voice, bool on);

}  // namespace c64
