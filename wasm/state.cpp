#include "state.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>

// The module's `new` allocates here, except blocks larger than `maxBlock`: those are reSIDfp's tables, which are written
// once and then only read. Block sizes are powers of two; a freed block is reused for the same size. Nothing outside may
// own a block, because restoring an old state would leave it dangling. `Module` in exports.cpp therefore owns everything.
namespace c64 {

namespace {

constexpr std::size_t capacity = 1'500'000, maxBlock = 1 << 17, blockSizes = std::bit_width(maxBlock);

struct alignas(16) Block {
    std::size_t size;
    Block* next;
};

struct State {
    std::array<Block*, blockSizes> free;
    std::size_t used;
    alignas(Block) std::array<std::byte, capacity> bytes;  // those from `used` on were never allocated
};

State heap;  // zero-initialized: a constructor could run after the first `new`

bool isInHeap(const void* pointer) { return pointer >= &heap && pointer < &heap + 1; }

Block* allocateBlock(std::size_t size) {
    Block*& first = heap.free[std::bit_width(size) - 1];
    if (Block* const block = first) {
        first = block->next;
        return block;
    }
    if (size > capacity - heap.used) return nullptr;
    heap.used += size;
    return reinterpret_cast<Block*>(&heap.bytes[heap.used - size]);
}

}  // namespace

std::span<std::byte> state() {
    return {reinterpret_cast<std::byte*>(&heap), heap.bytes.data() - reinterpret_cast<std::byte*>(&heap) + heap.used};
}

void* allocate(std::size_t size) {
    const std::size_t blockSize = std::bit_ceil(size + sizeof(Block));
    Block* const block = blockSize > maxBlock ? nullptr : allocateBlock(blockSize);
    if (!block) return std::malloc(size);
    block->size = blockSize;
    return block + 1;
}

void release(void* pointer) {
    if (!isInHeap(pointer)) return std::free(pointer);
    Block* const block = static_cast<Block*>(pointer) - 1;
    Block*& first = heap.free[std::bit_width(block->size) - 1];
    block->next = first;
    first = block;
}

}  // namespace c64

void* operator new(std::size_t size) {
    void* const pointer = c64::allocate(size);
    if (!pointer) __builtin_trap();
    return pointer;
}

void operator delete(void* pointer) noexcept { c64::release(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { c64::release(pointer); }
