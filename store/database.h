// RocksDB behind plain types: column families, synced writes that settle their own failures, views.
//
// Why a failed write needs settling: after an error the bytes may or may not be in the write-ahead
// log, and a recovery may bring them back later. So the keys' former values are written before
// anything else is: then the write has certainly not happened, which is what its caller was told.
//
// Errors:  full (no space), io, corrupt, busy (another process), internal.
// Owns:    the database; it closes when the last Database, Family and View is gone.
// Threads: all functions from any; writes are one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace rocksdb {
class Env;
}

namespace logboom::store {

class Family;  // a column family
using FamilyPtr = std::shared_ptr<const Family>;
class View;  // the database as it was at one moment
using ViewPtr = std::shared_ptr<const View>;

// Writes that happen together or not at all.
struct Change {
  struct Operation {
    FamilyPtr family;
    std::string key;
    std::optional<std::string> value;  // none: remove
  };
  std::vector<Operation> operations;

  void put(FamilyPtr family, std::string key, std::string value) {
    operations.push_back({std::move(family), std::move(key), std::move(value)});
  }
  void remove(FamilyPtr family, std::string key) {
    operations.push_back({std::move(family), std::move(key), std::nullopt});
  }
};

class Database {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::string& directory,
                                                              rocksdb::Env* env);
  ~Database();

  // Opens or creates a family by name.
  [[nodiscard]] Result<FamilyPtr> family(const std::string& name);
  [[nodiscard]] std::vector<std::string> family_names() const;
  [[nodiscard]] std::vector<std::pair<std::string, FamilyPtr>> families() const;
  // The family's values stay readable for those who hold it.
  [[nodiscard]] Result<void> drop(const FamilyPtr& family);

  // On the disk when it returns. On failure nothing has been written.
  [[nodiscard]] Result<void> write(const Change& change);
  // Replaces values by others of the same meaning, and calls `publish` before anyone takes a view:
  // each view has either the old or the new ones. Not synced: what a power cut undoes has lost
  // nothing.
  [[nodiscard]] Result<void> replace(const Change& change, const std::function<void()>& publish);
  // Undoes what a failed write may have left. Called by write(); by hand before reading what a
  // write will depend on.
  [[nodiscard]] Result<void> settle();

  // Copies the database, while others write, into a directory that does not exist: everything that
  // was acknowledged before the call, nothing of a write that failed. Tables are linked on the same
  // file system and copied to another; everything is synced.
  [[nodiscard]] Result<void> checkpoint(const std::string& directory);
  // Opens such a copy, all of its families, without changing a byte of it, and visits `default`.
  [[nodiscard]] static Result<void> read_copy(
      const std::string& directory, rocksdb::Env* env,
      const std::function<bool(std::string_view key, std::string_view value)>& visit);

  // Rewrites the family's tables without what was removed and replaced, while others write.
  [[nodiscard]] Result<void> compact(const Family& family, const std::stop_token& stop);
  // On the disk, without what is only in the write-ahead log.
  [[nodiscard]] std::uint64_t table_bytes(const Family& family) const;

  // Calls `also` at the same moment, with respect to replace().
  [[nodiscard]] ViewPtr view(const std::function<void()>& also) const;
  // Nothing where there is no such key.
  [[nodiscard]] Result<std::optional<std::string>> get(const Family& family, std::string_view key,
                                                       const View* view = nullptr) const;
  // Calls `visit` for every key from `from` on, in order, until it returns false. `near`: only a
  // few are wanted, likely again: nothing is read ahead, and what is read stays in memory.
  [[nodiscard]] Result<void> each(
      const Family& family, std::string_view from,
      const std::function<bool(std::string_view key, std::string_view value)>& visit,
      bool near = false) const;

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace logboom::store
