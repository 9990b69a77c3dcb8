// A line a query keeps beyond the call that showed it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/labels.h"
#include "core/level.h"
#include "store/store.h"

namespace logboom::query {

// Label sets kept once however many lines have them. Addresses stay valid when it moves.
class LabelSets {
 public:
  const Labels* keep(const Labels& labels) {
    if (last_ == nullptr || *last_ != labels) last_ = &*sets_.insert(labels).first;
    return last_;
  }

 private:
  std::set<Labels> sets_;
  const Labels* last_ = nullptr;
};

struct Line {
  std::int64_t time_ns = 0;
  store::Place place;
  std::uint32_t index = 0;
  Level level = Level::unknown;
  const Labels* stream = nullptr;  // in the LabelSets beside it
  std::string body;
  std::vector<std::pair<std::string, std::string>> metadata;

  Line() = default;
  Line(const store::LineView& view, LabelSets& sets)
      : time_ns(view.time_ns),
        place(view.place),
        index(view.index),
        level(view.level),
        stream(sets.keep(*view.stream)),
        body(view.body),
        metadata(view.metadata.begin(), view.metadata.end()) {}

  [[nodiscard]] std::size_t size_bytes() const {
    std::size_t size = sizeof(Line) + body.size();
    for (const auto& [name, value] : metadata) size += name.size() + value.size() + 64;
    return size;
  }
};

}  // namespace logboom::query
