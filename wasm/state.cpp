#include "state.h"

#include <array>
#include <bit>
#include <cstdint>
#include <new>

// The module's `new` allocates here. Block sizes are powers of two; a freed block is reused for the same size. Nothing
// outside may own a block, because restoring an old state would leave it dangling. `Module` in exports.cpp therefore
// owns everything. Blocks larger than `maxBlock` are in pages of their own at the end of memory: those are reSIDfp's
// tables, which are written once and then only read.
namespace c64 {

namespace {

constexpr std::size_t capacity = 1'500'000, maxBlock = 1 << 17, blockSizes = std::bit_width(maxBlock);
constexpr std::size_t pageSize = 65536;

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
Block* freePages = nullptr;

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

Block* allocatePages(std::size_t size) {
    for (Block** link = &freePages; *link; link = &(*link)->next) {
        if ((*link)->size < size) continue;
        Block* const block = *link;
        *link = block->next;
        return block;
    }
    const std::size_t pages = (size + pageSize - 1) / pageSize;
    const std::size_t first = __builtin_wasm_memory_grow(0, pages);
    if (first == SIZE_MAX) return nullptr;
    Block* const block = reinterpret_cast<Block*>(first * pageSize);
    block->size = pages * pageSize;
    return block;
}

}  // namespace

std::span<std::byte> state() {
    return {reinterpret_cast<std::byte*>(&heap), heap.bytes.data() - reinterpret_cast<std::byte*>(&heap) + heap.used};
}

void* allocate(std::size_t size) {
    const std::size_t blockSize = std::bit_ceil(size + sizeof(Block));
    if (Block* const block = blockSize > maxBlock ? nullptr : allocateBlock(blockSize)) {
        block->size = blockSize;
        return block + 1;
    }
    Block* const block = allocatePages(size + sizeof(Block));
    if (!block) __builtin_trap();
    return block + 1;
}

void release(void* pointer) {
    if (!pointer) return;
    Block* const block = static_cast<Block*>(pointer) - 1;
    Block*& first = isInHeap(block) ? heap.free[std::bit_width(block->size) - 1] : freePages;
    block->next = first;
    first = block;
}

}  // namespace c64

void* operator new(std::size_t size) { return c64::allocate(size); }
void* operator new[](std::size_t size) { return c64::allocate(size); }
void operator delete(void* pointer) noexcept { c64::release(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { c64::release(pointer); }
void operator delete[](void* pointer) noexcept { c64::release(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { c64::release(pointer); }
