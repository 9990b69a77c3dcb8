// The runs of this machine on their way to the server: watches spool directories, ships their files
// while they grow, removes what is acknowledged to its end.
//
// A run's file is one source, `run-<id>/1`, whoever ships it, so shipping it twice is harmless.
// Limits:  kMaxFiles are known at a time, kMaxFilesOfOne of a user, the rest waits its turn;
// kMaxHeld bytes of unfinished
//          lines; what is under way is the caller's limit (`room`).
// Errors:  none: what cannot be read is counted, logged and looked at again; hostile files are
//          refused and left where they are.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/batcher.h"
#include "collector/run/spool_file.h"
#include "collector/shipper.h"
#include "collector/troubles.h"
#include "collector/watcher.h"

namespace logboom::collector {

// Makes the directory where it is missing; root's is for every user.
void make_spool(const std::string& directory);

class SpoolSource {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxFiles = 50'000, kMaxFilesOfOne = 10'000, kMaxHeld = 16 << 20;

  struct Settings {
    std::vector<std::string> directories;
    std::string node;
    std::string fallback_tool;  // of those who may choose, and did not
    std::chrono::milliseconds rescan_interval{10'000};
    std::function<bool()> room;  // may more be shipped?
    std::function<void(Shipment)> ship;
  };

  SpoolSource(Settings settings, const Redactor& redactor);
  ~SpoolSource();

  // To wait on; -1: none.
  [[nodiscard]] int descriptor() const { return watcher_.descriptor(); }
  // Takes events, looks for what events do not tell. Call it often: it knows when it is time.
  void look(Clock::time_point now);
  // Reads and ships for a slice of time; how long nothing will be due.
  std::chrono::milliseconds work(Clock::time_point now);
  // Whether an outcome is of a source of ours.
  [[nodiscard]] static bool owns(std::uint64_t source) { return (source & kFirstNumber) != 0; }
  void answer(const Outcome& outcome);

  [[nodiscard]] std::size_t files() const { return files_.size(); }

 private:
  static constexpr std::uint64_t kFirstNumber = std::uint64_t{1} << 62;
  struct File;

  void scan(const std::string& directory);
  void notice(const std::string& path);
  void queue(File& file);
  void turn(File& file);
  void unreadable(File& file, const Error& error);
  void begin(File& file, const OpenedSpool& spool);
  Result<bool> read_frames(File& file, const OpenedSpool& spool, bool& corrupt);
  void add(File& file, const SpoolRecord& record);
  void flush(File& file);
  void go_back(File& file, std::uint64_t from);
  void refused(File& file, const Outcome& outcome);
  void settled(File& file);
  void forget(File& file);

  Settings settings_;
  const Redactor& redactor_;
  Batcher batcher_;
  Watcher watcher_;
  Troubles troubles_;
  std::string buffer_;
  std::map<std::uint64_t, std::unique_ptr<File>> files_;
  std::unordered_map<std::string, File*> by_path_;
  std::unordered_map<std::uint32_t, std::size_t> of_user_;  // how many files are whose
  std::unordered_map<std::string, std::int64_t> refused_;   // and when it had changed last
  std::deque<std::uint64_t> queue_;
  std::uint64_t next_number_ = kFirstNumber;
  std::size_t held_ = 0;
  Clock::time_point next_scan_{}, next_look_{};
  bool wants_scan_ = true;
};

}  // namespace logboom::collector
