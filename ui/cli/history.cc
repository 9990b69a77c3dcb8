#include "ui/cli/history.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/time.h"

namespace logboom::ui::cli {
namespace {

// The lines at the edge of the pages read so far, so that the next page can drop them.
class Edge {
 public:
  // Takes a page (oldest first), removes what was seen, and moves to the page's far end.
  std::vector<Line> advance(std::vector<Line> page, Direction direction) {
    const std::int64_t far =
        direction == Direction::forward ? page.back().time_ns : page.front().time_ns;
    std::unordered_map<std::string, std::size_t> next;
    for (const auto& line : page) {
      if (line.time_ns == far) ++next[line.key()];
    }
    // What was seen stands at the end the page was read from; without ids that decides which of two
    // equal lines goes.
    if (direction == Direction::backward) std::ranges::reverse(page);
    std::erase_if(page, [&](const Line& line) {
      if (!time_ns_ || line.time_ns != *time_ns_) return false;
      const auto found = seen_.find(line.key());
      if (found == seen_.end() || found->second == 0) return false;
      --found->second;
      return true;
    });
    if (direction == Direction::backward) std::ranges::reverse(page);
    time_ns_ = far;
    seen_ = std::move(next);
    return page;
  }

 private:
  std::optional<std::int64_t> time_ns_;
  std::unordered_map<std::string, std::size_t> seen_;
};

// The pages one after another, from one end of the range to the other.
class Pages {
 public:
  Pages(const Reading& reading, Direction direction)
      : reading_(reading), direction_(direction), left_(reading.range) {}

  [[nodiscard]] bool done() const { return done_; }

  Result<std::vector<Line>> next() {
    if (reading_.stop.stop_requested()) return fail(Errc::cancelled, "interrupted");
    auto page = reading_.fetch(left_, reading_.page, direction_);
    if (!page) return page;
    done_ = page->size() < reading_.page;
    if (page->empty()) return page;
    const std::int64_t oldest = page->front().time_ns, newest = page->back().time_ns;
    const Line& far = direction_ == Direction::forward ? page->back() : page->front();
    if (far.id.empty() && !done_ && oldest == newest && at_ == oldest) {
      return fail(Errc::limit, std::to_string(reading_.page) + " lines or more carry the time " +
                                   format_rfc3339(oldest) +
                                   ", as many as one answer holds; name a JOB or use --grep to "
                                   "ask for fewer");
    }
    at_ = direction_ == Direction::forward ? newest : oldest;
    if (!far.id.empty()) left_.after = std::to_string(far.time_ns) + "." + far.id;
    if (direction_ == Direction::forward) {
      left_.start = newest;
    } else {
      left_.end = oldest + 1;
    }
    return edge_.advance(*std::move(page), direction_);
  }

 private:
  const Reading& reading_;
  Direction direction_;
  Range left_;
  Edge edge_;
  std::optional<std::int64_t> at_;
  bool done_ = false;
};

void keep_accepted(const Reading& reading, std::vector<Line>& lines) {
  if (!reading.accept) return;
  std::erase_if(lines, [&](const Line& line) { return !reading.accept(line); });
}

}  // namespace

Result<std::vector<Line>> read_newest(const Reading& reading, std::size_t count) {
  std::vector<Line> newest_first;
  Pages pages(reading, Direction::backward);
  while (!pages.done() && newest_first.size() < count) {
    auto page = pages.next();
    if (!page) return page;
    keep_accepted(reading, *page);
    const auto wanted = std::min(page->size(), count - newest_first.size());
    for (std::size_t i = 0; i < wanted; ++i) {
      newest_first.push_back(std::move((*page)[page->size() - 1 - i]));
    }
  }
  std::ranges::reverse(newest_first);
  return newest_first;
}

Result<void> read_all(const Reading& reading,
                      const std::function<bool(const std::vector<Line>&)>& visit) {
  Pages pages(reading, Direction::forward);
  while (!pages.done()) {
    auto page = pages.next();
    if (!page) return fail(std::move(page).error());
    keep_accepted(reading, *page);
    if (!visit(*page)) return {};
  }
  return {};
}

}  // namespace logboom::ui::cli
