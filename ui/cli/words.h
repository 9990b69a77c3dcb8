// The words of a search: what people type into `logs search`.
//
// Words are joined by and, matched anywhere in the line without regard to ASCII case; "a phrase" in
// quotes is one word; a leading '-' excludes. Our server understands the same text (`search=`);
// here it serves to highlight hits, and to filter what a stock Loki answers, which does not know
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace logboom::ui::cli {

struct Words {
  std::vector<std::string> wanted, excluded;  // in lower case

  [[nodiscard]] static Words parse(std::string_view text);
  [[nodiscard]] bool match(std::string_view line) const;
};

// ASCII only, as the server does.
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace logboom::ui::cli
