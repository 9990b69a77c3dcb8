#include "deploy/regular_backup.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/time.h"
#include "store/backup.h"

namespace logboom::deploy {
namespace {

constexpr std::int64_t kHour = 3'600LL * 1'000'000'000;

}  // namespace

TEST_CASE("a backup is due when the newest is old enough, or none is there") {
  const auto every = std::chrono::hours(24);
  CHECK(backup_is_due(std::nullopt, 100 * kHour, every));
  CHECK_FALSE(backup_is_due(100 * kHour, 100 * kHour, every));
  CHECK_FALSE(backup_is_due(100 * kHour, 124 * kHour - 1, every));
  CHECK(backup_is_due(100 * kHour, 124 * kHour, every));
  CHECK(backup_is_due(200 * kHour, 124 * kHour, every));  // a clock that was ahead
}

TEST_CASE("the server makes the backup that is due, and keeps what it was told") {
  auto directory = (std::filesystem::temp_directory_path() / "logboom-regular-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  {
    store::Options options;
    options.directory = directory + "/store";
    options.background = false;
    options.min_free_bytes = 0;
    const auto store = store::Store::open(options);
    REQUIRE(store);
    const auto parent = directory + "/backups";
    for (const std::int64_t hours : {1, 2, 3}) {
      const auto made =
          store::back_up_into(**store, parent, 0, hours * kHour, {}, std::stop_token());
      REQUIRE(made);
    }
    query::LongTasks tasks;
    std::jthread thread([&](const std::stop_token& stop) {
      run_regular_backups({.directory = parent, .every = std::chrono::hours(24), .keep = 2},
                          **store, tasks, stop);
    });
    const auto newest = [&] {
      const auto names = store::backups_in(parent);
      return names && !names->empty() ? names->back() : std::string();
    };
    while (newest() <= store::backup_name(3 * kHour) || tasks.begin("look").has_value() == false)
      std::this_thread::yield();
    thread.request_stop();
    thread.join();
    const auto names = store::backups_in(parent);
    REQUIRE(names);
    CHECK(names->size() == 2);
    CHECK(names->front() == store::backup_name(3 * kHour));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace logboom::deploy
