// The detached sender: ships one spool directory over HTTP where no collector does.
//
// One per directory and user (a lock). It tries without end while the server is away, at most
// longest_life, and ends when the spool has been empty for a moment or a collector is back.
// Errors:  busy (another is at work); invalid (URL).
// Threads: one caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "collector/shipper.h"
#include "core/result.h"

namespace logboom::collector {

struct SpoolSenderOptions {
  std::string spool;
  HttpTarget target;
  std::string tool;  // of runs whose wrapper named none
  std::string node;
  std::size_t max_unacked_bytes = 8 << 20;
  std::chrono::milliseconds idle{3'000};  // how long an empty spool is watched
  std::chrono::milliseconds longest_life = std::chrono::hours(24 * 7);
};

[[nodiscard]] Result<void> send_spool(const SpoolSenderOptions& options, std::stop_token stop);
// The same with another way out. Ends when the spool is empty.
[[nodiscard]] Result<void> send_spool(const SpoolSenderOptions& options, Shipper& shipper,
                                      std::stop_token stop);

}  // namespace logboom::collector
