// `logs send`: lines from a pipe to a server, each once, as they come.
//
// Limits:  max_unacked_bytes of encoded batches in memory; beyond it the pipe is not read, so the
//          writer waits. A line is at most kMaxLine bytes; longer ones are cut and marked.
// Errors:  invalid (URL, tool, labels; the server refuses the lines, with its words); cancelled
//          (stopped before all was acknowledged); conflict (the server lost what it had
//          acknowledged); io (the pipe).
// Threads: send() in one; `progress` is called from it.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "collector/shipper.h"
#include "core/labels.h"
#include "core/result.h"

namespace logboom::collector {

struct SendReport {
  std::uint64_t lines = 0;      // read
  std::uint64_t bytes = 0;      // read
  std::uint64_t cut = 0;        // lines over the limit
  std::uint64_t delivered = 0;  // lines acknowledged
  bool waiting = false;         // the server has not answered for a while
};

struct SendOptions {
  std::string url;      // of the server
  http::Pairs headers;  // e.g. Authorization
  std::string ca_file;
  std::string tool = "local";
  std::string job = "stdin";
  std::vector<Labels::Pair> labels;  // beside job
  std::string node;                  // a column; empty: none
  std::size_t max_unacked_bytes = 16 << 20;
  std::function<void(const SendReport&)> progress;  // at most a few times a second
};

// Returns when the pipe is at its end and everything is acknowledged, or `stop` is asked for: then
// it reads no more and gives what was read 5 s to arrive.
[[nodiscard]] Result<SendReport> send(int descriptor, const SendOptions& options,
                                      std::stop_token stop);
// The same with another way out.
[[nodiscard]] Result<SendReport> send(int descriptor, const SendOptions& options, Shipper& shipper,
                                      std::stop_token stop);

}  // namespace logboom::collector
