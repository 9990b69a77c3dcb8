// The node agent: follows log files, redacts, batches, ships, and remembers how far it came.
//
//   auto collector = Collector::start({.state_directory = "...", .server_url = "http://..."});
//
// Promises: a line is shipped until it is acknowledged, and no position is ever used twice, so that
// the store can keep every line once. What could not be read is told by a gap, a line like others.
// Limits:  memory: max_unacked_bytes of encoded batches, one turn's read, and the unfinished lines
//          of open files (kMaxLine each); at the first limit reading stops until answers come.
// Errors of start(): busy (another collector has the state directory); invalid (options); io.
// Owns:    the state directory, the loop's thread and the shipper's.
// Threads: start() and stop() from one thread; the rest is inside.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "collector/plain_files.h"
#include "collector/shipper.h"
#include "core/result.h"

namespace logboom::collector {

struct Options {
  std::string state_directory;
  std::string pod_logs = "/var/log/pods";  // the root of the pods' log tree; empty: none
  std::vector<FileRule> files;
  std::vector<std::string> spools;  // directories where `logs run` leaves its runs
  // Below it cron's tables lie: etc/crontab, etc/cron.d, var/spool/cron/crontabs; empty: none.
  std::string crontabs;
  std::string node;           // empty: the host's name
  std::string fallback_tool;  // of pods in no tool's namespace and of files; empty: node-<node>

  // Where to: Kafka if it has brokers, else the server.
  std::string server_url;
  http::Pairs headers;
  std::string ca_file;
  kafka::Options kafka;
  int kafka_partitions = 0;  // of the topic, where it has to be made; 0: it is there

  std::size_t max_unacked_bytes = 32 << 20;
  std::size_t max_open_files = 4096;
  std::chrono::milliseconds rescan_interval{10'000};
  // How long a rotated or deleted file must not have grown before it counts as complete.
  std::chrono::milliseconds rotation_grace{2'000};
  // How long the last piece of a container's line is waited for before the line is taken as it is.
  std::chrono::milliseconds piece_grace{5'000};
  std::chrono::milliseconds checkpoint_interval{250};
  std::chrono::milliseconds stop_timeout{5'000};  // for what is under way when stop() is called
};

class Collector {
 public:
  static Result<std::unique_ptr<Collector>> start(Options options);
  // The same with another way out.
  static Result<std::unique_ptr<Collector>> start(Options options,
                                                  std::unique_ptr<Shipper> shipper);
  ~Collector();  // stop()

  // Reads nothing more, waits for answers to what was read (at most stop_timeout), writes the
  // checkpoint. Idempotent.
  void stop();
  // Ends at once, as a crash would: no checkpoint. For tests.
  void abandon();

 private:
  struct Loop;
  explicit Collector(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace logboom::collector
