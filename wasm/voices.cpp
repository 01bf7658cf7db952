#include "voices.h"

namespace c64 {

namespace {

// An explicit instantiation may name private members.
using Voices = reSIDfp::Voice (reSIDfp::SID::*)[voicesOfChip];
using Levels = float (reSIDfp::SID::*)[256];
template <Voices voices, Levels levels>
struct Opened {
    friend Voices voicesOfSid() { return voices; }
    friend Levels levelsOfSid() { return levels; }
};
Voices voicesOfSid();
Levels levelsOfSid();
template struct Opened<&reSIDfp::SID::voice, &reSIDfp::SID::envDAC>;

float silence[256];  // one level per envelope step, all zero

}  // namespace

reSIDfp::Voice (&voicesOf(reSIDfp::SID& sid))[voicesOfChip] { return sid.*voicesOfSid(); }

void silenceVoice(reSIDfp::SID& sid, unsigned voice, bool on) {
    voicesOf(sid)[voice].setEnvDAC(on ? silence : sid.*levelsOfSid());
}

}  // namespace c64
