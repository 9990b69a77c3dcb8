#include "ui/cli/words.h"

#include <algorithm>

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Words Words::parse(std::string_view text) {
  Words words;
  for (;;) {
    const auto start = text.find_first_not_of(kSpace);
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const bool exclude = text.size() > 1 && text.front() == '-' && !kSpace.contains(text[1]);
    if (exclude) text.remove_prefix(1);
    const bool quoted = text.front() == '"';
    if (quoted) text.remove_prefix(1);
    const auto end = std::min(quoted ? text.find('"') : text.find_first_of(kSpace), text.size());
    if (end > 0) (exclude ? words.excluded : words.wanted).push_back(lower(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool Words::match(std::string_view line) const {
  const auto text = lower(line);
  const auto found = [&](const std::string& word) { return text.find(word) != std::string::npos; };
  return std::ranges::all_of(wanted, found) && std::ranges::none_of(excluded, found);
}

}  // namespace logboom::ui::cli
