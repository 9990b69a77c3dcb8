#include "core/batch.h"

#include <catch2/catch.hpp>

namespace logboom {

TEST_CASE("views into an arena live through moves, chunks and large texts") {
  Arena arena;
  std::vector<std::string_view> views;
  for (int i = 0; i < 5000; ++i) {
    views.push_back(
        arena.copy(std::string(static_cast<std::size_t>(i % 97), 'x') + std::to_string(i)));
  }
  const std::string large(100'000, 'y');
  const auto big = arena.copy(large);
  const auto shared = arena.adopt(std::make_shared<const std::string>("short"));
  const Arena moved = std::move(arena);
  CHECK(moved.size_bytes() > 100'000);
  for (int i = 0; i < 5000; ++i) {
    REQUIRE(views[static_cast<std::size_t>(i)].ends_with(std::to_string(i)));
  }
  CHECK(big == large);
  CHECK(shared == "short");
}

TEST_CASE("a batch's size is its bodies and metadata") {
  Batch batch;
  batch.records.push_back({.body = "12345", .metadata = {{"k", "vv"}}});
  batch.records.push_back({.body = "1"});
  CHECK(batch.size_bytes() == 9);
}

}  // namespace logboom
