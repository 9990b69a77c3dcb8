// How far every source has come, durable: the collector's only memory across restarts.
//
// One text file, replaced as a whole (temporary file, fsync, rename, fsync of the directory):
//
//   logboom-checkpoint 1
//   collector node7-9f3ac21b04d5e6f7
//   next 42
//   looked <time in ns>
//   source 17 <device> <inode> <birth> <acked> <resume> <tail end> <tail hash> <head size>
//          <head hash> <size> <ended> <origin path> <path>       (one line; paths percent-encoded)
//   end <xxHash64 of all before, hex>
//
// Invariants: a source's line is durable before its first batch is sent, so its number is never
// given twice; `acked` moves only after the acknowledgement.
// Errors:  busy: another collector has this state directory. A file that is torn or not ours is no
//          error: it is moved aside as checkpoint.bad-<time>, logged, and the collector starts anew
//          under a new id (lines may then come twice, none is lost).
// Owns:    the lock on the directory, until it dies.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/descriptor.h"
#include "core/result.h"

namespace logboom::collector {

// Which file it is, as long as it lives; with the birth time also across an inode's re-use.
struct Identity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t birth_ns = 0;  // 0: the file system does not tell
  friend bool operator==(const Identity&, const Identity&) = default;
};

// A place up to which everything is settled. `resume` is the start of the oldest line unfinished
// there (at most `acked` where there is one): reading restarts there and drops records up to
// `acked`.
struct Mark {
  std::uint64_t acked = 0, resume = 0;
  std::uint64_t tail_end = 0, tail_hash = 0;  // of the up to 256 bytes before tail_end
  friend bool operator==(const Mark&, const Mark&) = default;
};

struct SavedSource {
  std::uint64_t number = 0;
  Identity identity;
  Mark mark;
  std::uint64_t head_size = 0, head_hash = 0;  // of the first up to 1,024 bytes
  std::uint64_t size = 0;                      // of the file when last seen
  std::string ended;              // why nothing more can be read from it (a gap's reason), or empty
  std::string origin_path, path;  // at first sight, and now
  friend bool operator==(const SavedSource&, const SavedSource&) = default;
};

struct CheckpointState {
  std::string collector;  // "<host>-<random>"; a source's id is "<collector>/<number>"
  std::uint64_t next_number = 1;
  std::int64_t looked_ns = 0;  // when the collector last looked for new files; 0: never
  std::vector<SavedSource> sources;
  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

[[nodiscard]] std::string print_checkpoint(const CheckpointState& state);
// Errors: corrupt (torn, changed, or of another version), naming the line.
[[nodiscard]] Result<CheckpointState> parse_checkpoint(std::string_view text);

class Checkpoint {
 public:
  // Makes the directory where needed. `host` begins the id of a new collector.
  static Result<Checkpoint> open(const std::string& directory, const std::string& host);

  [[nodiscard]] CheckpointState& state() { return state_; }
  // Returns when it is on disk. On an error the file on disk is still the one before.
  [[nodiscard]] Result<void> save(const CheckpointState& state);

 private:
  Checkpoint(std::string directory, Descriptor lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  std::string directory_;
  Descriptor lock_;
  CheckpointState state_;
};

}  // namespace logboom::collector
