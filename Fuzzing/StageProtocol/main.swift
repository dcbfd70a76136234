import CLibFuzzer
import Glibc

// The package manager gives every program an entry of its own, so libFuzzer's is not used.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments) { tryOne($0, $1) })
