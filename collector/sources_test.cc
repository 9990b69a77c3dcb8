#include "collector/sources.h"

#include "collector/test_support.h"

namespace logboom::collector {
namespace {

TEST_CASE(
    "what follows a rotated file that is not due yet does not wake anybody every millisecond") {
  const TempDirectory directory;
  const auto path = directory / "app.log";
  Watcher watcher;
  CheckpointState saved;
  saved.collector = "node7-1";
  Sources sources({.pod_logs = "",
                   .files = {{.glob = path, .tool = "bot", .job = ""}},
                   .node = "node7",
                   .fallback_tool = "local",
                   .redact = [](Origin&) {}},
                  saved, watcher);
  write_anew(path, "old\n");
  sources.scan();
  std::chrono::milliseconds wait{1'000};
  CHECK(sources.next_due(Clock::now(), wait) == nullptr);
  REQUIRE(sources.prepare_registration());
  sources.registered();
  auto* const elder = sources.next_due(Clock::now(), wait);
  REQUIRE(elder != nullptr);

  const auto now = Clock::now();
  elder->not_before = now + std::chrono::milliseconds(700);
  sources.queue(*elder);
  std::filesystem::rename(path, path + ".1");
  write_anew(path, "new\n");
  sources.handle_events();
  sources.scan();
  CHECK(sources.next_due(now, wait) == nullptr);
  CHECK(wait == std::chrono::milliseconds(700));

  CHECK(sources.next_due(elder->not_before, wait) == elder);
  CHECK(sources.next_due(elder->not_before, wait) == nullptr);
  REQUIRE(sources.prepare_registration());
  sources.registered();
  auto* const next = sources.next_due(elder->not_before, wait);
  REQUIRE(next != nullptr);
  CHECK(next != elder);
}

}  // namespace
}  // namespace logboom::collector
