#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library (https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library): calls
/// `try_one` with made-up bytes until it is told to stop or something breaks.
int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*try_one)(const uint8_t *bytes, size_t count));
