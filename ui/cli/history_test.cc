#include "ui/cli/history.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace logboom::ui::cli {
namespace {

// Lines at small times, many at one instant; answers as a server does.
class Shelf {
 public:
  Shelf(std::uint32_t seed, int count, bool ids) {
    std::mt19937 random(seed);
    const auto labels = std::make_shared<const Labels>(std::vector<Labels::Pair>{{"job", "a"}});
    std::int64_t time = 100;
    for (int i = 0; i < count; ++i) {
      time += static_cast<std::int64_t>(random() % 3 == 0);
      Line line;
      line.time_ns = time;
      // Without ids only few texts, so that equal lines share an instant.
      line.body = ids ? "line " + std::to_string(i) : "text " + std::to_string(random() % 2);
      if (ids) line.id = std::to_string(i);
      line.labels = labels;
      lines_.push_back(line);
    }
  }

  [[nodiscard]] Fetch fetch() const {
    return [this](Range range, std::size_t limit, Direction direction) {
      ++requests_;
      std::vector<Line> found;
      bool behind = range.after.empty();
      for (const auto& line : lines_) {
        const bool edge = range.after == std::to_string(line.time_ns) + "." + line.id;
        if (edge && direction == Direction::backward) break;
        if (behind || direction == Direction::backward) {
          if (line.time_ns >= range.start && line.time_ns < range.end) found.push_back(line);
        }
        behind = behind || edge;
      }
      const auto extra = static_cast<std::ptrdiff_t>(found.size() - std::min(found.size(), limit));
      if (direction == Direction::forward) {
        found.erase(found.end() - extra, found.end());
      } else {
        found.erase(found.begin(), found.begin() + extra);
      }
      return Result<std::vector<Line>>(std::move(found));
    };
  }
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  std::vector<Line> lines_;
  mutable int requests_ = 0;
};

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> result;
  for (const auto& line : lines) result.push_back(std::to_string(line.time_ns) + " " + line.body);
  return result;
}

TEST_CASE("pages meet without loss or repeat, also where many lines share an instant") {
  const auto seed = GENERATE(range(1u, 40u));
  const bool ids = GENERATE(true, false);
  CAPTURE(seed, ids);
  const Shelf shelf(seed, 200, ids);
  const Reading reading = {
      .fetch = shelf.fetch(), .range = {0, 1000}, .accept = {}, .page = 23, .stop = {}};

  const auto newest = read_newest(reading, 10'000);
  REQUIRE(newest);
  CHECK(texts(*newest) == texts(shelf.lines()));

  const auto some = read_newest(reading, 90);
  REQUIRE(some);
  CHECK(texts(*some) == texts({shelf.lines().end() - 90, shelf.lines().end()}));

  std::vector<Line> all;
  REQUIRE(read_all(reading, [&](const std::vector<Line>& lines) {
    all.insert(all.end(), lines.begin(), lines.end());
    return true;
  }));
  CHECK(texts(all) == texts(shelf.lines()));
}

TEST_CASE("only accepted lines count") {
  const Shelf shelf(7, 100, true);
  const auto even = [](const Line& line) { return (line.body.back() - '0') % 2 == 0; };
  const Reading reading = {
      .fetch = shelf.fetch(), .range = {0, 1000}, .accept = even, .page = 23, .stop = {}};
  const auto newest = read_newest(reading, 20);
  REQUIRE(newest);
  REQUIRE(newest->size() == 20);
  CHECK(newest->front().body == "line 60");
  CHECK(newest->back().body == "line 98");
}

TEST_CASE("an instant with more lines than a page is read through from a server with line ids") {
  const Shelf shelf(1, 400, true);
  const Reading reading = {
      .fetch = shelf.fetch(), .range = {0, 1000}, .accept = {}, .page = 2, .stop = {}};
  const auto newest = read_newest(reading, 1000);
  REQUIRE(newest);
  CHECK(texts(*newest) == texts(shelf.lines()));
}

TEST_CASE("without ids an instant with more lines than a page is an error, not a hole or a hang") {
  const Shelf shelf(1, 400, false);
  Reading reading = {
      .fetch = shelf.fetch(), .range = {0, 1000}, .accept = {}, .page = 2, .stop = {}};
  const auto newest = read_newest(reading, 1000);
  REQUIRE(!newest);
  CHECK(newest.error().code == Errc::limit);
  CHECK(newest.error().message.find("--grep") != std::string::npos);
  CHECK(!read_all(reading, [](const std::vector<Line>&) { return true; }));
  CHECK(shelf.requests() < 800);
}

TEST_CASE("reading ends when the reader has gone or the stop is asked for") {
  const Shelf shelf(1, 200, true);
  std::stop_source stop;
  Reading reading = {.fetch = shelf.fetch(),
                     .range = {0, 1000},
                     .accept = {},
                     .page = 23,
                     .stop = stop.get_token()};
  REQUIRE(read_all(reading, [](const std::vector<Line>&) { return false; }));
  CHECK(shelf.requests() == 1);
  stop.request_stop();
  CHECK(read_newest(reading, 5).error().code == Errc::cancelled);
}

}  // namespace
}  // namespace logboom::ui::cli
