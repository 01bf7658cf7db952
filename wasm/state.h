// What a playing tune changes, in one piece of memory. The host may keep a copy of it and put it back: then the tune
// goes on from there as it did.
#pragma once

#include <cstddef>
#include <span>

namespace c64 {

std::span<std::byte> state();

}  // namespace c64
