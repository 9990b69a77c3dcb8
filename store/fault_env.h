// A file system for tests that loses power, fails a chosen call, and syncs without waiting for a
// disk.
//
// Files lie on the real disk, but a sync only notes what would be safe. After cut_power() every
// call fails; restart() then takes away what was not synced: a random part of the ends of files
// (sometimes leaving garbage there), files and renames whose directory was not synced; logs deleted
// since may be back. Threads: all functions from any; restart() only when nothing is open.
#pragma once

#include <cstdint>
#include <memory>

namespace rocksdb {
class Env;
}

namespace logboom::store {

class FaultEnv {
 public:
  FaultEnv();
  ~FaultEnv();
  [[nodiscard]] rocksdb::Env* env() const;

  enum class Fault : std::uint8_t { io, no_space, power };
  // The nth call from now that creates, writes, syncs or renames fails, once (power: and all after
  // it); 0: none does.
  void fail_call(std::uint64_t n, Fault fault);
  [[nodiscard]] bool has_failed() const;
  [[nodiscard]] std::uint64_t calls() const;

  // As between two file systems: who wants a second name for a file must copy it.
  void refuse_links();
  [[nodiscard]] std::uint64_t links() const;  // made

  void cut_power();
  void restart(unsigned seed);

 private:
  class FileSystem;
  std::shared_ptr<FileSystem> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace logboom::store
