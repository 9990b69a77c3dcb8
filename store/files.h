// The file system below the store, through the database's Env: what backup and restore need of it.
//
// Errors:  not_found, full (no space), io; busy (a lock somebody else holds).
// Owns:    nothing but its Lock; the Env must outlive both.
// Threads: all functions from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace rocksdb {
class Env;
class Status;
}  // namespace rocksdb

namespace logboom::store {

// RocksDB's word for what went wrong, as ours.
[[nodiscard]] Error error_of(const rocksdb::Status& status, std::string_view doing);

class Files {
 public:
  explicit Files(rocksdb::Env* env);  // none: the system's

  [[nodiscard]] bool exists(const std::string& path) const;
  // What lies in a directory, sorted; not_found where there is none.
  [[nodiscard]] Result<std::vector<std::string>> names(const std::string& directory) const;
  [[nodiscard]] Result<std::uint64_t> size(const std::string& path) const;
  // With those above it.
  [[nodiscard]] Result<void> make_directories(const std::string& directory) const;
  // With all that is in it; nothing where it is not there.
  [[nodiscard]] Result<void> remove_tree(const std::string& directory) const;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const;
  // What it names is there after a power cut.
  [[nodiscard]] Result<void> sync_directory(const std::string& directory) const;

  // Hands the file out in parts until `part` says no: then `cancelled`.
  using Part = std::function<bool(std::string_view part)>;
  [[nodiscard]] Result<void> read(const std::string& path, const Part& part) const;
  // The same, and writes a new file with it, synced.
  [[nodiscard]] Result<void> copy(const std::string& from, const std::string& to,
                                  const Part& part) const;
  [[nodiscard]] Result<void> write(const std::string& path, std::string_view content) const;

  // A second name for the same bytes. False: not on this file system; copy it.
  [[nodiscard]] Result<bool> link(const std::string& from, const std::string& to) const;

  // Held until the returned object dies, or the process; busy at once where it is held.
  [[nodiscard]] Result<std::shared_ptr<void>> lock(const std::string& path) const;

 private:
  rocksdb::Env* env_;
};

}  // namespace logboom::store
