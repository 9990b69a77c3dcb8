#include "query/plan.h"

#include <algorithm>
#include <iterator>

namespace logboom::query {
namespace {

constexpr std::size_t kMaxValues = 16;  // that the store looks for

std::string_view value_of(const store::LineView& line, std::string_view name) {
  if (name == kLevelLabel) return logboom::name(line.level);
  if (const auto label = line.stream->get(name); !label.empty()) return label;
  for (const auto& [key, value] : line.metadata) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

Result<Plan> Plan::make(const Question& question, std::string_view tool,
                        std::span<const Labels> streams) {
  Plan plan;
  const auto is_label = [&](std::string_view name) {
    return std::ranges::any_of(streams, [&](const Labels& s) { return !s.get(name).empty(); });
  };
  static const logql::LogQuery kEverything;
  const auto& logql = question.logql ? *question.logql : kEverything;
  for (const auto& matcher : logql.matchers) {
    auto compiled = ValueMatcher::compile(matcher);
    if (!compiled) return fail(std::move(compiled).error());
    const bool label = is_label(matcher.name);
    if (matcher.name == kToolLabel) {
      plan.nothing_ = plan.nothing_ || !compiled->matches(tool);
    } else if (label && !is_column(matcher.name)) {
      plan.stream_matchers_.push_back(*std::move(compiled));
    } else {
      const auto value = compiled->only_value();
      if (value && !label && matcher.name != kLevelLabel) plan.values_.emplace_back(*value);
      plan.column_matchers_.push_back(*std::move(compiled));
    }
  }
  std::vector<Clause> texts;
  for (const auto& stage : logql.stages) {
    auto compiled = LineMatcher::compile(std::get<logql::LineFilter>(stage));
    if (!compiled) return fail(std::move(compiled).error());
    std::ranges::copy(compiled->texts(), std::back_inserter(texts));
    plan.line_matchers_.push_back(*std::move(compiled));
  }
  plan.words_ = WordMatcher(question.search);
  for (const auto& word : question.search.words) {
    texts.push_back({{.text = word, .any_case = true}});
  }
  plan.texts_ = simplify(std::move(texts));
  std::ranges::sort(plan.values_);
  plan.values_.erase(std::unique(plan.values_.begin(), plan.values_.end()), plan.values_.end());
  plan.values_.resize(std::min(plan.values_.size(), kMaxValues));
  return plan;
}

bool Plan::whole_streams() const {
  const auto& search = words_.search();
  return column_matchers_.empty() && line_matchers_.empty() && search.words.empty() &&
         search.excluded.empty();
}

bool Plan::wants(const Labels& stream) const {
  return std::ranges::all_of(stream_matchers_, [&](const ValueMatcher& matcher) {
    return matcher.matches(stream.get(matcher.name()));
  });
}

bool Plan::wants(const store::LineView& line) const {
  return std::ranges::all_of(column_matchers_,
                             [&](const ValueMatcher& matcher) {
                               return matcher.matches(value_of(line, matcher.name()));
                             }) &&
         std::ranges::all_of(
             line_matchers_,
             [&](const LineMatcher& matcher) { return matcher.matches(line.body); }) &&
         words_.matches(line.body);
}

}  // namespace logboom::query
