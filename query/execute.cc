#include "query/execute.h"

#include <algorithm>
#include <limits>

namespace logboom::query {
namespace {

using Clock = std::chrono::steady_clock;

// What one query may use up; the first limit it meets is its error.
class Budget {
 public:
  Budget(const Limits& limits, std::stop_token stop)
      : limits_(limits), stop_(std::move(stop)), deadline_(Clock::now() + limits.time) {}

  // Before each piece; `scanned`: bytes looked at so far. False: no more.
  bool go_on(const store::ScanStats& scanned) { return in_time() && allows(scanned); }
  bool allows(const store::ScanStats& scanned) {
    if (scanned.bytes <= limits_.scanned_bytes) return true;
    error_ = Error{Errc::too_large, "the query would read too many bytes, limit: " +
                                        std::to_string(limits_.scanned_bytes) +
                                        "; narrow the time range or the stream selector"};
    return false;
  }

  bool keep(std::size_t bytes, std::size_t freed) {
    kept_ += bytes - freed;
    if (kept_ <= limits_.answer_bytes) return true;
    error_ =
        Error{Errc::too_large, "the answer would be over " + std::to_string(limits_.answer_bytes) +
                                   " bytes; ask for fewer lines (limit=) or a shorter range"};
    return false;
  }

  bool in_time() {
    if (error_) return false;
    if (stop_.stop_requested()) {
      error_ = Error{Errc::cancelled, "the query was cancelled"};
    } else if (Clock::now() > deadline_) {
      error_ = Error{Errc::timeout, "the query took longer than " +
                                        std::to_string(limits_.time.count()) +
                                        " ms; narrow the time range or the stream selector"};
    }
    return !error_;
  }

  // The store ends a scan early when the stop is asked for, so that is looked at once more.
  bool stopped() { return error_ || (stop_.stop_requested() && !in_time()); }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Limits& limits_;
  std::stop_token stop_;
  Clock::time_point deadline_;
  std::size_t kept_ = 0;
  std::optional<Error> error_;
};

LineKey key(std::int64_t time_ns, store::Place place, std::uint32_t index) {
  return {time_ns, place, index};
}

store::Scan scan_of(const Plan& plan, Range range, bool newest_first, std::stop_token stop) {
  store::Scan scan{.start = range.start,
                   .end = range.end,
                   .newest_first = newest_first,
                   .stream = [&plan](const Labels& labels) { return plan.wants(labels); },
                   .texts = plan.texts(),
                   .values = plan.values(),
                   .stop = std::move(stop)};
  if (!plan.whole_streams())
    scan.filter = [&plan](const store::LineView& line) { return plan.wants(line); };
  return scan;
}

// The best `limit` lines so far; the worst of them on top of a heap.
class Best {
 public:
  explicit Best(const Page& page) : order_(page.order), limit_(page.limit), after_(page.after) {}

  bool full() const { return lines_.size() >= limit_; }
  bool has_room_for(const store::LineView& view) const {
    const LineKey place = key(view.time_ns, view.place, view.index);
    if (after_ && !better(*after_, place)) return false;
    return !full() || better(place, key_of(lines_.front()));
  }
  // Could a line of this time or worse still get in?
  bool open_at(std::int64_t bound) const {
    if (!full()) return true;
    if (lines_.empty()) return false;
    const auto worst = lines_.front().time_ns;
    return order_ == Order::newest_first ? bound >= worst : bound <= worst;
  }

  bool add(const store::LineView& view, LabelSets& sets, Budget& budget) {
    std::size_t freed = 0;
    const auto compare = [this](const Line& a, const Line& b) {
      return better(key_of(a), key_of(b));
    };
    if (full()) {
      std::ranges::pop_heap(lines_, compare);
      freed = lines_.back().size_bytes();
      lines_.pop_back();
    }
    lines_.emplace_back(view, sets);
    const std::size_t size = lines_.back().size_bytes();
    std::ranges::push_heap(lines_, compare);
    return budget.keep(size, freed);
  }

  std::vector<Line> take() {
    std::ranges::sort(
        lines_, [this](const Line& a, const Line& b) { return better(key_of(a), key_of(b)); });
    return std::move(lines_);
  }

 private:
  static LineKey key_of(const Line& line) { return key(line.time_ns, line.place, line.index); }
  bool better(const LineKey& a, const LineKey& b) const {
    return order_ == Order::newest_first ? b < a : a < b;
  }

  Order order_;
  std::size_t limit_;
  std::optional<LineKey> after_;
  std::vector<Line> lines_;
};

}  // namespace

Result<Answer> newest_or_oldest(const store::Snapshot& snapshot, const Plan& plan, const Page& page,
                                const Limits& limits, std::stop_token stop) {
  const auto started = Clock::now();
  Answer answer;
  const bool newest_first = page.order == Order::newest_first;
  Range range = page.range;
  if (page.after) {
    const std::int64_t edge = std::get<0>(*page.after);
    if (newest_first) {
      range.end =
          std::min(range.end, edge < std::numeric_limits<std::int64_t>::max() ? edge + 1 : edge);
    } else {
      range.start = std::max(range.start, edge);
    }
  }
  if (plan.nothing() || page.limit == 0 || range.start >= range.end) return answer;
  Budget budget(limits, stop);
  Best best(page);
  const auto more = [&](std::int64_t bound, const store::ScanStats& scanned) {
    return budget.go_on(scanned) && best.open_at(bound);
  };
  const auto visit = [&](const store::LineView& line) {
    if (budget.error() || !best.has_room_for(line)) return;
    (void)best.add(line, answer.streams, budget);
  };
  auto scanned = snapshot.scan(scan_of(plan, range, newest_first, stop), more, visit);
  if (budget.stopped() || (scanned && !budget.allows(*scanned))) return fail(*budget.error());
  if (!scanned) return fail(std::move(scanned).error());
  answer.scanned = *scanned;
  answer.lines = best.take();
  answer.took = Clock::now() - started;
  return answer;
}

Result<store::ScanStats> each_line(const store::Snapshot& snapshot, const Plan& plan, Range range,
                                   const Limits& limits, std::stop_token stop,
                                   const std::function<bool(const store::LineView&)>& visit) {
  if (plan.nothing() || range.start >= range.end) return store::ScanStats{};
  Budget budget(limits, stop);
  bool done = false;
  auto scanned = snapshot.scan(
      scan_of(plan, range, true, stop),
      [&](std::int64_t, const store::ScanStats& so_far) { return !done && budget.go_on(so_far); },
      [&](const store::LineView& line) {
        if (!done) done = !visit(line);
      });
  if (budget.stopped()) return fail(*budget.error());
  return scanned;
}

Result<std::set<Labels>> matching_streams(const store::Snapshot& snapshot, const Plan& plan,
                                          Range range, const Limits& limits, std::stop_token stop) {
  std::set<Labels> found;
  if (plan.nothing() || range.start >= range.end) return found;
  if (plan.whole_streams()) {
    for (auto& labels : snapshot.streams(range.start, range.end)) {
      if (plan.wants(labels)) found.insert(std::move(labels));
    }
    return found;
  }
  const Labels* last = nullptr;
  auto scanned =
      each_line(snapshot, plan, range, limits, std::move(stop), [&](const store::LineView& line) {
        if (last == nullptr || *last != *line.stream) last = &*found.insert(*line.stream).first;
        return true;
      });
  if (!scanned) return fail(std::move(scanned).error());
  return found;
}

}  // namespace logboom::query
