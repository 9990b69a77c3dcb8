// For test programs under the thread sanitizer: Debian's RocksDB is not built with it, so its
// atomics are unseen and what it hands from thread to thread looks like a race. Only stacks that
// pass through its library are left out; races among our own functions are told.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so.7.8\n"
         "race:librocksdb.so\n"
         "mutex:librocksdb.so\n";
}
