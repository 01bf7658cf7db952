#include "state.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>

// Every `new` of the module takes its memory here, but for blocks of more than `largest`: those are reSIDfp's tables,
// made once and then only read. Blocks are powers of two, and those of a size that were given back are used again.
// Nothing outside may own a block of it, or putting an old state back would leave that dangling: so `Module` in exports.cpp.
namespace c64 {

namespace {

constexpr std::size_t room = 1'500'000, largest = 1 << 17, sizes = std::bit_width(largest);

struct alignas(16) Block {
    std::size_t size;
    Block* next;
};

struct State {
    std::array<Block*, sizes> free;
    std::size_t used;
    alignas(Block) std::array<std::byte, room> bytes;  // those from `used` on were never taken
};

State whole;  // zeroes: there is no constructor that could run too late

bool inside(const void* at) { return at >= &whole && at < &whole + 1; }

Block* blockOf(std::size_t size) {
    Block*& first = whole.free[std::bit_width(size) - 1];
    if (Block* const block = first) {
        first = block->next;
        return block;
    }
    if (size > room - whole.used) return nullptr;
    whole.used += size;
    return reinterpret_cast<Block*>(&whole.bytes[whole.used - size]);
}

}  // namespace

std::span<std::byte> state() {
    return {reinterpret_cast<std::byte*>(&whole), whole.bytes.data() - reinterpret_cast<std::byte*>(&whole) + whole.used};
}

void* take(std::size_t size) {
    const std::size_t blocked = std::bit_ceil(size + sizeof(Block));
    Block* const block = blocked > largest ? nullptr : blockOf(blocked);
    if (!block) return std::malloc(size);
    block->size = blocked;
    return block + 1;
}

void release(void* at) {
    if (!inside(at)) return std::free(at);
    Block* const block = static_cast<Block*>(at) - 1;
    Block*& first = whole.free[std::bit_width(block->size) - 1];
    block->next = first;
    first = block;
}

}  // namespace c64

void* operator new(std::size_t size) {
    void* const at = c64::take(size);
    if (!at) __builtin_trap();
    return at;
}

void operator delete(void* at) noexcept { c64::release(at); }
void operator delete(void* at, std::size_t) noexcept { c64::release(at); }
