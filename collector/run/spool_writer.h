// The wrapper's side of the spool: takes output and events, never makes anybody wait for a disk.
//
// A thread of its own writes. What does not fit (queue, file limit, disk) is counted and told by a
// gap frame once there is room again; an end event that finds no room goes into the header.
// Limits:  kMaxQueued bytes in memory; `limit_bytes` of disk for one run; a file system keeps 5 %.
// Owns:    the file and the lock on it, until it dies: a free lock without an end means the wrapper
//          was killed. What a slow disk has not taken by then a process of its own writes, with the
//          file and its lock and nothing else of ours.
// Threads: one caller.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "collector/descriptor.h"
#include "collector/run/spool_format.h"
#include "core/run_event.h"

namespace logboom::collector {

class SpoolWriter {
 public:
  static constexpr std::size_t kMaxQueued = 32 << 20;
  static constexpr std::chrono::milliseconds kLastWait{1'000};

  // Makes `directory`/<run>.run in the background; where that fails everything counts as lost. The
  // destructor waits for the disk at most `last_wait`.
  SpoolWriter(std::string directory, Fields header, std::uint64_t limit_bytes,
              std::chrono::milliseconds last_wait = kLastWait);
  ~SpoolWriter();

  void output(FrameKind kind, std::int64_t time_ns, std::string bytes);
  void event(const RunEvent& event);
  // The end, with what was lost filled in.
  void end(RunEvent event);

  // Waits until all that was given is written, at most so long. False: it is not. Only a start is
  // synced as well: what else was written survives this process, and not a power cut.
  bool sync(std::chrono::milliseconds most);
  [[nodiscard]] bool usable();  // the file could be made

 private:
  struct Item {
    FrameKind kind = FrameKind::out;
    std::int64_t time_ns = 0;
    std::string bytes;
    bool synced = false, last = false;
  };
  // All that the thread touches: it may outlive a writer that could not wait for a hanging disk.
  struct Shared;
  static void run(Shared& shared);
  void put(Item item);

  std::shared_ptr<Shared> shared_;
  std::chrono::milliseconds last_wait_;
};

}  // namespace logboom::collector
