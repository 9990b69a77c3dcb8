// Backups: a whole copy of a store that goes on working, and a store made from one.
//
//   backup-20260131T120000Z/      made as backup-….partial, renamed when all of it is synced
//     backup.json                 the manifest: names, sizes and checksums; see FORMAT.md
//     store/                      a RocksDB database
//
// A backup on the store's own file system shares its tables (hard links): it costs nothing until
// they are compacted away, and protects against mistakes, not against the disk.
//
// Errors:  invalid (a wrong place, a newer format), conflict (something lies there), busy (another
//          backup is being made beside it), corrupt (names the file), full, io, cancelled.
// Threads: any; one backup at a time in one directory.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "store/manifest.h"
#include "store/progress.h"
#include "store/store.h"

namespace logboom::store {

struct Ground;

// Holds everything that was acknowledged before the call. `target`: a whole path where nothing
// lies; the directories above it are made. On failure nothing is left under that name.
[[nodiscard]] Result<Manifest> make_backup(Ground& ground, const std::string& target,
                                           const Progress& progress, const std::stop_token& stop);

// What a backup that was killed left inside the store, where it keeps old tables on the disk.
void remove_checkpoint(Ground& ground);

// The names of backups in a directory, oldest first: those named by backup_name(), and no other.
[[nodiscard]] Result<std::vector<std::string>> backups_in(const std::string& directory,
                                                          rocksdb::Env* env = nullptr);
// Removes all but the newest `keep` of them; returns the names of those removed.
[[nodiscard]] Result<std::vector<std::string>> drop_old_backups(const std::string& directory,
                                                                std::size_t keep,
                                                                rocksdb::Env* env = nullptr);

// A backup named by the time, in a directory of backups; then all but the newest `keep` go (0: none
// goes).
struct BackupDone {
  std::string directory;
  Manifest manifest;
  std::vector<std::string> removed;  // names of old ones
};
[[nodiscard]] Result<BackupDone> back_up_into(Store& store, const std::string& parent,
                                              std::size_t keep, std::int64_t now_ns,
                                              const Progress& progress,
                                              const std::stop_token& stop);

struct Restored {
  Manifest manifest;
  std::uint64_t local_next = 0;  // where the store's own partition goes on
  Stats stats;
};
struct RestoreOptions {
  std::string backup;     // the directory with the manifest
  std::string directory;  // of the store: absent, or empty
  std::int64_t now_ns = 0;
  rocksdb::Env* env = nullptr;  // not owned; tests inject faults here
};
// Copies and checks every file, then gives the copy its name: a failure leaves nothing there.
// Places that were given to lines after the backup was made are never given to others: the store's
// own partition goes on far behind them. From Kafka it goes on at the backup's offsets.
[[nodiscard]] Result<Restored> restore(const RestoreOptions& options, const Progress& progress,
                                       const std::stop_token& stop);

[[nodiscard]] std::string json(const BackupDone& done);
[[nodiscard]] std::string json(const Restored& restored);

}  // namespace logboom::store
