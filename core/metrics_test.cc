#include "core/metrics.h"

#include <catch2/catch.hpp>

namespace logboom::metrics {

TEST_CASE("metrics print in the exposition format, labels escaped") {
  counter("test_lines_total", "Lines.", {{"tool", "a\"b\\c\n"}}).add(3);
  gauge("test_open", "Open things.").set(-2);
  histogram("test_seconds", "Time.").observe_seconds(0.003);
  const std::string all = text();
  CHECK(all.find("# TYPE test_lines_total counter\n") != all.npos);
  CHECK(all.find(R"(test_lines_total{tool="a\"b\\c\n"} 3)") != all.npos);
  CHECK(all.find("test_open -2\n") != all.npos);
  CHECK(all.find("test_seconds_bucket{le=\"0.002\"} 0\n") != all.npos);
  CHECK(all.find("test_seconds_bucket{le=\"0.004\"} 1\n") != all.npos);
  CHECK(all.find("test_seconds_bucket{le=\"+Inf\"} 1\n") != all.npos);
  CHECK(all.find("test_seconds_count 1\n") != all.npos);
}

TEST_CASE("a client cannot grow the registry without bound") {
  for (std::size_t i = 0; i < kMaxSeries + 100; ++i) {
    counter("test_bounded_total", "x", {{"id", std::to_string(i)}}).add();
  }
  CHECK(counter("test_bounded_total", "x", {{"id", "other"}}).value() == 100);
  CHECK(counter("test_bounded_total", "x", {{"id", "7"}}).value() == 1);
}

}  // namespace logboom::metrics
