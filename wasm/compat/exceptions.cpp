// The module is built without exceptions. reSIDfp throws only for settings that our code never uses, and the C++ library
// only when memory runs out: both stop the module.
extern "C" {
void* __cxa_allocate_exception(unsigned long) { __builtin_trap(); }
void __cxa_throw(void*, void*, void (*)(void*)) { __builtin_trap(); }
}
