#include "collector/checkpoint.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "collector/test_support.h"

namespace logboom::collector {
namespace {

CheckpointState example() {
  CheckpointState state{.collector = "node7-0123456789abcdef", .next_number = 43, .sources = {}};
  state.sources.push_back({.number = 17,
                           .identity = {2049, 99, -5},
                           .mark = {1000, 900, 1000, 0xfedcba9876543210},
                           .head_size = 1000,
                           .head_hash = 1,
                           .size = 1200,
                           .ended = "",
                           .origin_path = "/logs/a b\n%41.log",
                           .path = "-"});
  state.sources.push_back({.number = 42,
                           .identity = {1, 2, 3},
                           .mark = {std::uint64_t{1} << 62, 7, 8, 9},
                           .head_size = 0,
                           .head_hash = 0,
                           .size = 0,
                           .ended = "truncated",
                           .origin_path = "/\xff\x01",
                           .path = "/x.log"});
  return state;
}

TEST_CASE("a checkpoint reads back as it was written") {
  const auto state = example();
  const auto parsed = parse_checkpoint(print_checkpoint(state));
  REQUIRE(parsed);
  CHECK(*parsed == state);
  const CheckpointState empty{.collector = "c", .next_number = 1, .sources = {}};
  CHECK(parse_checkpoint(print_checkpoint(empty)).value() == empty);
}

TEST_CASE("a checkpoint torn or changed anywhere is refused") {
  const auto text = print_checkpoint(example());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_checkpoint(text.substr(0, size)));
    auto changed = text;
    changed[size] = static_cast<char>(changed[size] ^ 1);
    CHECK_FALSE(parse_checkpoint(changed));
  }
  CHECK_FALSE(parse_checkpoint(text + "x"));
  CHECK_FALSE(parse_checkpoint(std::string(100'000, '\0')));
}

TEST_CASE("a saved checkpoint is there after reopening, and a second owner is refused") {
  const TempDirectory directory;
  {
    auto checkpoint = Checkpoint::open(directory / "state", "node7");
    REQUIRE(checkpoint);
    CHECK(checkpoint->state().collector.starts_with("node7-"));
    CHECK(checkpoint->save(example()));
    const auto second = Checkpoint::open(directory / "state", "node7");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::busy);
  }
  auto again = Checkpoint::open(directory / "state", "node7");
  REQUIRE(again);
  CHECK(again->state() == example());
}

TEST_CASE("an unreadable checkpoint is moved aside and a new collector begins") {
  const TempDirectory directory;
  std::filesystem::create_directory(directory / "state");
  write_anew(directory / "state/checkpoint", "garbage \x01\x02");
  auto checkpoint = Checkpoint::open(directory / "state", "node7");
  REQUIRE(checkpoint);
  CHECK(checkpoint->state().sources.empty());
  CHECK(checkpoint->state().next_number == 1);
  const auto entries = std::filesystem::directory_iterator(directory / "state");
  CHECK(std::ranges::count_if(entries, [](const auto& entry) {
          return entry.path().filename().string().starts_with("checkpoint.bad-");
        }) == 1);
}

}  // namespace
}  // namespace logboom::collector
