// reSIDfp's build configuration for this module, in place of the one that its build generates from siddefs-fp.h.in.
#ifndef SIDDEFS_FP_H
#define SIDDEFS_FP_H

#define RESID_INLINING 1
#define RESID_INLINE inline

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

namespace reSIDfp {
enum ChipModel { MOS6581 = 1, MOS8580 };
enum CombinedWaveforms { AVERAGE = 1, WEAK, STRONG };
enum SamplingMethod { DECIMATE = 1, RESAMPLE };
}  // namespace reSIDfp

#endif
