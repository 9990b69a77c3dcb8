#include "store/search_bytes.h"

#include <algorithm>

namespace logboom::store {

std::size_t find_any_case(std::string_view in, std::string_view lower, std::size_t from) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (from > in.size()) return std::string_view::npos;
  const auto at =
      std::search(in.begin() + static_cast<std::ptrdiff_t>(from), in.end(), lower.begin(),
                  lower.end(), [&](char a, char b) { return fold(a) == b; });
  return at == in.end() && !lower.empty() ? std::string_view::npos
                                          : static_cast<std::size_t>(at - in.begin());
}

}  // namespace logboom::store
