#include "query/runs/run_lines.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace logboom::query {
namespace {

// Lines may be stamped by another clock than the run's events, and a container's may be late.
constexpr std::int64_t kMarginNs = 600LL * 1'000'000'000;

struct Kept {
  std::int64_t time_ns = 0;
  std::string source;
  std::uint64_t position = 0;
  store::Place place;
  std::uint32_t index = 0;
  why::Channel channel = why::Channel::unknown;
  std::string text;
};

std::string_view value_of(const store::LineView& line, std::string_view name) {
  for (const auto& [key, value] : line.metadata) {
    if (key == name) return value;
  }
  return {};
}

why::Channel channel_of(std::string_view stream) {
  if (stream == "stdout") return why::Channel::out;
  return stream == "stderr" ? why::Channel::err : why::Channel::unknown;
}

// A run's lines as they come in, in any order; keeps the first and the last of them.
class Keeper {
 public:
  explicit Keeper(const RunLimits& limits) : limits_(limits) {}

  void add(Kept line) {
    if (total_++ == 0) source_ = line.source;
    one_source_ = one_source_ && line.position > 0 && line.source == source_;
    bytes_ += line.text.size();
    kept_.push_back(std::move(line));
    // Trimmed at twice what may stay, so that the sorting costs little per line.
    if (kept_.size() >= 2 * limits_.lines || bytes_ >= 2 * limits_.bytes) trim();
  }

  RunLines take() {
    trim();
    RunLines result;
    result.total = total_;
    const auto dropped = total_ - kept_.size();
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      result.texts.push_back(std::move(kept_[i].text));
      result.lines.push_back(
          {.number = static_cast<std::uint32_t>(i + 1 + (i < head_ ? 0 : dropped)),
           .channel = kept_[i].channel,
           .time_ns = kept_[i].time_ns,
           .text = result.texts.back()});
    }
    return result;
  }

 private:
  [[nodiscard]] bool before(const Kept& a, const Kept& b) const {
    if (one_source_) return a.position < b.position;
    return std::tie(a.time_ns, a.source, a.position, a.place, a.index) <
           std::tie(b.time_ns, b.source, b.position, b.place, b.index);
  }

  // Drops the middle. Once there is a gap, the head does not grow over it, and what belongs into it
  // is not taken for a part of the tail.
  void trim() {
    std::ranges::sort(kept_, [this](const Kept& a, const Kept& b) { return before(a, b); });
    head_ = std::min(gap_ ? head_ : limits_.head, kept_.size());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < head_; ++i) {
      if (bytes + kept_[i].text.size() > limits_.bytes / 2) head_ = i;
      if (i < head_) bytes += kept_[i].text.size();
    }
    auto tail = kept_.size();
    while (tail > head_ && kept_.size() - tail < limits_.lines - limits_.head &&
           bytes + kept_[tail - 1].text.size() <= limits_.bytes &&
           !(gap_ && before(kept_[tail - 1], *gap_))) {
      bytes += kept_[--tail].text.size();
    }
    if (tail > head_) {
      auto& last = kept_[tail - 1];
      if (!gap_ || before(*gap_, last)) gap_ = std::move(last);
    }
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(head_),
                kept_.begin() + static_cast<std::ptrdiff_t>(tail));
    bytes_ = bytes;
  }

  const RunLimits limits_;
  std::vector<Kept> kept_;
  std::size_t head_ = 0, bytes_ = 0;
  std::optional<Kept> gap_;  // the last line that was dropped
  std::uint64_t total_ = 0;
  std::string source_;
  bool one_source_ = true;
};

}  // namespace

Result<RunLines> read_run_lines(store::Store& store, const store::Run& run, std::stop_token stop,
                                const RunLimits& limits) {
  // A clock may be set back while a run lives: its end then seems to come before its start.
  const auto start = run.time_ns(), end = run.end ? run.end->time_ns : INT64_MAX;
  store::Scan scan{.start = std::min(start, end) - kMarginNs,
                   .end = std::max(start, std::min(end, INT64_MAX - kMarginNs)) + kMarginNs,
                   .newest_first = false,
                   .stop = std::move(stop)};
  // Of a clock far ahead the events' times were taken back (store/commit.cc), the lines' were not.
  if (run.clock_ahead) scan.end = INT64_MAX;
  scan.values = {run.id};  // blocks that cannot hold the run are not read
  // Of a job with a name of its own only that job's streams are read.
  scan.stream = [&](const Labels& labels) {
    const auto job = labels.get("job");
    return job.empty() || run.job.empty() || job == run.job;
  };
  Keeper keeper(limits);
  auto scanned = store.snapshot(run.tool).scan(
      scan, [](std::int64_t, const store::ScanStats&) { return true; },
      [&](const store::LineView& line) {
        if (value_of(line, "run") != run.id) return;
        keeper.add({.time_ns = line.time_ns,
                    .source = std::string(value_of(line, "source")),
                    .position = line.position,
                    .place = line.place,
                    .index = line.index,
                    .channel = channel_of(line.stream->get("stream")),
                    .text = std::string(line.body.substr(0, why::kMaxLineBytes))});
      });
  if (!scanned) return fail(std::move(scanned).error());
  return keeper.take();
}

}  // namespace logboom::query
