// The process's counters, gauges and histograms, and their text for GET /metrics.
//
// One registry per process, so that a folder registers its own and nobody carries it about. Get a
// metric once (a member or a static) and keep the reference: the look-up takes a lock, the use does
// not. Names: logboom_<folder>_<what>_<unit>[_total].
// Threads: any. Source of the format: Prometheus text exposition format 0.0.4.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logboom::metrics {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_ = 0;
};

// Seconds in powers of two from 1 ms to 65 s, then +Inf.
class Histogram {
 public:
  static constexpr int kBuckets = 17;
  void observe_seconds(double seconds);
  [[nodiscard]] std::uint64_t bucket(int index) const;  // not cumulative; kBuckets is +Inf
  [[nodiscard]] double sum_seconds() const;

 private:
  std::atomic<std::uint64_t> counts_[kBuckets + 1] = {};
  std::atomic<std::uint64_t> sum_microseconds_ = 0;
};

// The same name and labels give the same object. At most kMaxSeries per name: beyond it every new
// label set shares one series with the value "other", so that a client cannot grow our memory.
inline constexpr std::size_t kMaxSeries = 10'000;
Counter& counter(std::string_view name, std::string_view help, LabelPairs labels = {});
Gauge& gauge(std::string_view name, std::string_view help, LabelPairs labels = {});
Histogram& histogram(std::string_view name, std::string_view help, LabelPairs labels = {});

[[nodiscard]] std::string text();

}  // namespace logboom::metrics
