// All sources of a collector: found, told apart, followed through renames, let go.
//
// It decides which file is which source, and since when. It reads none of their lines.
//
// Limits:  kMaxSources; `max_open_files`, beyond which idle files that still have their name are
//          closed and opened again when they grow.
// Threads: one.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/discovery.h"
#include "collector/plain_files.h"
#include "collector/source_file.h"
#include "collector/troubles.h"
#include "collector/watcher.h"

namespace logboom::collector {

class Sources {
 public:
  static constexpr std::size_t kMaxSources = 100'000;
  static constexpr std::size_t kMaxRenames = 1'000;

  struct Settings {
    std::string pod_logs;  // the root of the tree, or empty
    std::vector<FileRule> files;
    std::string node, fallback_tool;
    std::size_t max_open_files = 4096;
    std::chrono::milliseconds rotation_grace{2'000};
    std::chrono::milliseconds piece_grace{5'000};
    std::function<void(Origin&)> redact;
    std::function<void(Source&)> added{};  // of the pod-log tree; may be empty
  };

  Sources(Settings settings, CheckpointState saved, Watcher& watcher);
  ~Sources();

  // Looks at everything: new files, files gone, what a lost event may have hidden.
  void scan();
  // The first of them: also files that were made and rotated away while no collector ran.
  void first_scan();
  // What the watcher saw since.
  void handle_events();
  // An event asked for a scan.
  [[nodiscard]] bool wants_scan() const { return wants_scan_; }
  // Files whose name is gone or changed: read to the end, then let go. Call it every
  // tend_interval().
  void tend();
  [[nodiscard]] std::chrono::milliseconds tend_interval() const;

  // New files that have bytes now: fingerprints taken, waiting to be durable. Once the checkpoint
  // is saved, registered() lets them be read.
  [[nodiscard]] bool prepare_registration();
  [[nodiscard]] bool has_fresh() const { return !fresh_.empty(); }
  void registered();

  // What a checkpoint must hold now.
  [[nodiscard]] CheckpointState state() const;

  // The next source with something to do whose time has come, or null; `wait` is then how long
  // until one is due. The caller queues it again while there is more.
  Source* next_due(Clock::time_point now, std::chrono::milliseconds& wait);
  void queue(Source& source);
  Source* find(std::uint64_t number);

  // Opens a source's file where it is closed. False: it could not be, and what follows from that
  // has been done.
  bool reopen(Source& source);
  // Nothing more can be read from it. With a reason, a gap is told as its last line. The path is
  // looked at again: what is there now is a new source.
  void end(Source& source, const std::string& reason, std::uint64_t missing_bytes);
  // A source that had ended well is to be read again: the store lost something of it.
  void revive(Source& source);
  // All is read, but a container's line lacks its last piece: tend() gives it some time.
  void await_piece(const Source& source) { unfinished_.insert(source.saved.number); }
  // Forgets it, if it has ended and everything is acknowledged.
  void let_go(Source& source);
  void trouble(const std::string& path, const std::string& what) { troubles_.note(path, what); }

  void update_gauges() const;

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  [[nodiscard]] Discovery::Visitor visitor();
  void scan(const Discovery::Visitor& visitor);
  [[nodiscard]] Origin origin_of(std::size_t rule, const std::string& path) const;
  [[nodiscard]] bool wanted(const std::string& path, std::size_t rule) const;
  void discover(const std::string& path, std::size_t rule, const std::string& original = {});
  void discover_rotated(const std::string& path, std::size_t rule, const std::string& original);
  [[nodiscard]] bool is_copy(const OpenedFile& opened) const;
  void appeared(const Watcher::Event& event);
  bool seen_before(const std::string& path, const FileFacts& facts);
  void adopt(SavedSource saved, OpenedFile opened, const std::string& path, std::size_t rule);
  Source& add(SavedSource saved, std::size_t rule);
  void end_parked(SavedSource saved, const std::string& reason);
  void decide_parked();
  void renamed(Source& source, const std::string& path);
  void leave(Source& source);
  [[nodiscard]] std::string find_inode(const std::string& directory, const Key& key) const;
  bool make_room();
  [[nodiscard]] bool elder_is_unread(const Source& source) const;
  void tend_gone(Source& source);
  void tend_unfinished(Clock::time_point now);

  Settings settings_;
  std::string collector_;
  std::uint64_t next_number_;
  std::int64_t last_life_ns_;   // when the collector before this one last looked
  std::int64_t looked_ns_ = 0;  // when this one did
  Watcher& watcher_;
  std::vector<std::string> patterns_;
  Discovery discovery_;
  Troubles troubles_;
  bool wants_scan_ = false;
  std::size_t compressed_ = 0;

  std::map<std::uint64_t, std::unique_ptr<Source>> sources_;            // by number
  std::unordered_map<std::string, std::vector<std::uint64_t>> chains_;  // by the wanted name
  std::map<Key, Source*> by_key_;                                       // those that have not ended
  std::unordered_map<std::string, Source*> by_path_;  // those whose path leads to them
  std::map<Key, SavedSource> parked_;                 // saved, and not found on disk again so far
  std::set<std::uint64_t> fresh_;                     // to be registered, once they have bytes
  std::set<std::uint64_t> moved_;                     // gone, or under another name: see tend()
  std::set<std::uint64_t> unfinished_;                // see await_piece()
  std::deque<std::uint64_t> queue_;
  std::unordered_map<std::string, std::string> renames_;  // a name now: the wanted name it had
};

}  // namespace logboom::collector
