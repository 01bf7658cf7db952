// What the emulator uses of the C and C++ runtime and isn't in headers. Compiling libc++ and a C library for these few
// functions would take minutes.
#include <charconv>
#include <string>

#define EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

extern "C" void __wasm_call_ctors();

EXPORT(_initialize)() -> void { __wasm_call_ctors(); }

// reSIDfp throws only for settings that our code never uses, and the C++ library only when memory runs out: both stop
// the module.
extern "C" {
void* __cxa_allocate_exception(unsigned long) { __builtin_trap(); }
void __cxa_throw(void*, void*, void (*)(void*)) { __builtin_trap(); }
void __cxa_pure_virtual() { __builtin_trap(); }

// The types of exceptions point to these tables, which nothing reads.
void* _ZTVN10__cxxabiv117__class_type_infoE[3];
void* _ZTVN10__cxxabiv120__si_class_type_infoE[3];

// The module never ends, so no destructor of a static object runs.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
void* __dso_handle;
}

_LIBCPP_BEGIN_NAMESPACE_STD

void __libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }

template class basic_string<char>;

string to_string(unsigned long number) {
    char digits[20];
    return {digits, to_chars(digits, digits + sizeof digits, number).ptr};
}

string to_string(unsigned number) { return to_string(static_cast<unsigned long>(number)); }

_LIBCPP_END_NAMESPACE_STD
