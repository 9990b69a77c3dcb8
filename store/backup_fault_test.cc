// Backups and restores while calls fail and power goes: a whole one, or none.
#include "store/backup_fixture.h"

namespace logboom::store {
namespace {

TEST_CASE("whichever call fails, the store is unharmed and no half backup has a whole one's name") {
  const bool links = GENERATE(true, false);
  const auto fault =
      GENERATE(FaultEnv::Fault::io, FaultEnv::Fault::no_space, FaultEnv::Fault::power);
  std::uint64_t n = 1, made = 0;
  for (bool failed = true; failed; ++n) {
    CAPTURE(links, static_cast<int>(fault), n);
    const TempDir dir;
    Clock clock;
    FaultEnv faults;
    if (!links) faults.refuse_links();
    auto options = options_in(dir, clock);
    options.env = faults.env();
    auto store = must_open(options);
    fill(*store, clock);
    if (n % 2 == 0) {  // half the time tables beside the log: opening makes them
      store.reset();
      store = must_open(options);
    }
    const auto lines = scan_all(store->snapshot("t"));
    const auto backup = place_in(dir, "b/" + backup_name(clock.now));
    faults.fail_call(n, fault);
    const auto done = store->backup(backup);
    failed = faults.has_failed();
    if (fault == FaultEnv::Fault::power) {
      store.reset();
      faults.restart(static_cast<unsigned>(n));
      store = must_open(options);
    } else {
      faults.fail_call(0, fault);
      CHECK_FALSE(fs::exists(backup + ".partial"));
      if (!done) CHECK(done.error().message.find("backup") != std::string::npos);
    }
    if (!failed) REQUIRE(done);
    CHECK(scan_all(store->snapshot("t")) == lines);
    // A disk that was full is asked by RocksDB itself, on a thread of its own.
    auto appended = store->append(one(spanned(batch_of("t", {"goes on"}), "s", 30)));
    for (int tries = 0; !appended && fault == FaultEnv::Fault::no_space && tries < 100'000; ++tries)
      appended = store->append(one(spanned(batch_of("t", {"goes on"}), "s", 30)));
    if (!appended && done) {  // the call was one of RocksDB's own threads: they ask for a restart
      store.reset();
      store = must_open(options);
      appended = store->append(one(spanned(batch_of("t", {"goes on"}), "s", 30)));
    }
    INFO((appended ? std::string() : appended.error().message));
    REQUIRE(appended);
    if (fs::exists(backup)) {
      ++made;
      REQUIRE(restored(backup, place_in(dir, "r"), clock));
      CHECK(scan_all(reopened(dir, clock, place_in(dir, "r"))->snapshot("t")) == lines);
    } else {
      CHECK_FALSE(done);
    }
    // The next one goes through, and takes away what this one left.
    clock.now += kSecond;
    const auto next = place_in(dir, "b/" + backup_name(clock.now));
    const auto again = store->backup(next);
    INFO((again ? std::string() : again.error().message));
    REQUIRE(again);
    for (const auto& entry : fs::directory_iterator(place_in(dir, "b")))
      CHECK(entry.path().extension() != ".partial");
    CHECK_FALSE(fs::exists(dir.path() + "/checkpoint"));
  }
  CHECK(n > 20);
  CHECK(made > 0);
}

TEST_CASE("whichever call fails, a restore is whole or absent") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  const auto lines = scan_all(store->snapshot("t"));
  const auto backup = place_in(dir, "b"), target = place_in(dir, "r");
  REQUIRE(store->backup(backup));
  std::uint64_t n = 1;
  for (bool failed = true; failed; ++n) {
    CAPTURE(n);
    FaultEnv faults;
    faults.fail_call(n, FaultEnv::Fault::io);
    const auto done = restored(backup, target, clock, faults.env());
    failed = faults.has_failed();
    if (!failed) REQUIRE(done);
    if (fs::exists(target)) CHECK(scan_all(reopened(dir, clock, target)->snapshot("t")) == lines);
    if (!fs::exists(target)) CHECK_FALSE(done);
    fs::remove_all(target);
  }
  CHECK(n > 20);
}

}  // namespace
}  // namespace logboom::store
