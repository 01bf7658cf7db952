// All state of a playing tune in one block of memory. The host can copy it and restore the copy later; the tune then
// continues from there.
#pragma once

#include <cstddef>
#include <span>

namespace c64 {

std::span<std::byte> state();

}  // namespace c64
