#include "core/labels.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

namespace logboom {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

}  // namespace

Labels::Labels(std::vector<Pair> pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.first < b.first; });
  for (auto& pair : pairs) {
    if (!pairs_.empty() && pairs_.back().first == pair.first) {
      pairs_.back().second = std::move(pair.second);
    } else {
      pairs_.push_back(std::move(pair));
    }
  }
  std::erase_if(pairs_, [](const Pair& pair) { return pair.second.empty(); });
}

std::string_view Labels::get(std::string_view name) const {
  auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                             [](const Pair& pair, std::string_view n) { return pair.first < n; });
  return at != pairs_.end() && at->first == name ? std::string_view(at->second)
                                                 : std::string_view();
}

void Labels::set(std::string_view name, std::string_view value) {
  auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                             [](const Pair& pair, std::string_view n) { return pair.first < n; });
  const bool found = at != pairs_.end() && at->first == name;
  if (value.empty()) {
    if (found) pairs_.erase(at);
  } else if (found) {
    at->second = value;
  } else {
    pairs_.emplace(at, name, value);
  }
}

std::string Labels::text() const {
  std::string out = "{";
  for (const auto& [name, value] : pairs_) {
    if (out.size() > 1) out += ", ";
    out += name;
    out += '=';
    append_quoted(out, value);
  }
  return out + "}";
}

std::uint64_t Labels::hash() const {
  std::string bytes;
  auto put = [&](std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((size >> shift) & 0xff);
    bytes += text;
  };
  for (const auto& [name, value] : pairs_) {
    put(name);
    put(value);
  }
  return XXH64(bytes.data(), bytes.size(), 0);
}

bool valid_label_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxLabelName || !is_alpha(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alpha(c) || is_digit(c); });
}

std::string as_label_name(std::string_view name) {
  std::string out;
  out.reserve(name.size() + 1);
  if (name.empty() || is_digit(name[0])) out += '_';
  for (char c : name) out += is_alpha(c) || is_digit(c) ? c : '_';
  return out;
}

bool is_column(std::string_view label_name) {
  static constexpr std::array<std::string_view, 8> names = {
      "filename", "instance_id", "k8s_job_name", "k8s_pod_name",
      "node",     "pod",         "run",          "service_instance_id"};
  return std::find(names.begin(), names.end(), label_name) != names.end();
}

Result<void> check_tool_name(std::string_view name) {
  if (name.empty()) return fail(Errc::invalid, "tool: the name is empty");
  if (name.size() > 63) {
    return fail(Errc::invalid, "tool: the name is longer than 63 characters");
  }
  if (name[0] == '.' || name[0] == '-') {
    return fail(Errc::invalid, "tool: the name must not start with '.' or '-'");
  }
  for (char c : name) {
    if (!is_alpha(c) && !is_digit(c) && c != '.' && c != '-') {
      return fail(Errc::invalid, "tool: the name may only have letters, digits, '.', '_' and '-'");
    }
  }
  return {};
}

}  // namespace logboom
