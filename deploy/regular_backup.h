// Backups that the server makes by itself, so often as it was told.
//
// What is due is known from the names in the directory, so that a restart neither skips a backup
// nor makes one twice. A failure is told once and tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "query/long_task.h"
#include "store/store.h"

namespace logboom::deploy {

struct RegularBackup {
  std::string directory;
  std::chrono::milliseconds every{0};
  std::size_t keep = 7;
};

// When the next one is due, after the newest that there is (nothing: now). A newest one from the
// future, of a clock that was wrong, keeps nobody waiting.
[[nodiscard]] bool backup_is_due(std::optional<std::int64_t> newest_ns, std::int64_t now_ns,
                                 std::chrono::nanoseconds every);

// Makes them until a stop is asked for; on a thread of its own.
void run_regular_backups(const RegularBackup& options, store::Store& store, query::LongTasks& tasks,
                         const std::stop_token& stop);

}  // namespace logboom::deploy
