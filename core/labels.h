// The names of a stream: a sorted list of unique label names with their values.
//
// Labels are bounded by design (DESIGN 4.11): what grows without bound (`run`, `pod`, `node`,
// `filename`, ids of instances) is a column of the line, never a label of its stream.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace logboom {

class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels() = default;
  // Sorts; of two equal names the last wins; empty values are dropped, as Loki does.
  explicit Labels(std::vector<Pair> pairs);
  Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<Pair>(pairs)) {}

  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }
  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  // The value of a label, or "" where there is none (as LogQL matches it).
  [[nodiscard]] std::string_view get(std::string_view name) const;
  void set(std::string_view name, std::string_view value);

  // Loki's text form, sorted: {app="web", stream="stderr"}.
  [[nodiscard]] std::string text() const;
  // Stable for ever, on disk and on the wire: xxHash64 over names and values with their lengths.
  [[nodiscard]] std::uint64_t hash() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  std::vector<Pair> pairs_;
};

// [a-zA-Z_][a-zA-Z0-9_]*, at most kMaxLabelName bytes.
inline constexpr std::size_t kMaxLabelName = 1024;
inline constexpr std::size_t kMaxLabelValue = 2048;
inline constexpr std::size_t kMaxLabels = 15;
[[nodiscard]] bool valid_label_name(std::string_view name);
// A foreign attribute name as a label name: every other character becomes '_' (k8s.pod.name ->
// k8s_pod_name), a leading digit gets a '_' before it.
[[nodiscard]] std::string as_label_name(std::string_view name);
// True for the names that are stored as columns even when a client sends them as stream labels.
[[nodiscard]] bool is_column(std::string_view label_name);

// A tool's name: 1 to 63 of [a-zA-Z0-9._-], not starting with '.' or '-'. It is the tenant.
[[nodiscard]] Result<void> check_tool_name(std::string_view name);

}  // namespace logboom
