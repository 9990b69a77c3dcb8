// Cutting text into tokens: the rule is told at store::tokens() in store.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace logboom::store {

inline constexpr std::size_t kMinToken = 2, kMaxToken = 64;

// Per byte: 0 when it ends a token, else the byte in lower case.
inline constexpr std::array<char, 256> kTokenBytes = [] {
  std::array<char, 256> table{};
  for (unsigned b = 0; b < table.size(); ++b) {
    const bool upper = b >= 'A' && b <= 'Z';
    const bool part =
        upper || (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_' || b > 127;
    if (part) table[b] = static_cast<char>(upper ? b - 'A' + 'a' : b);
  }
  return table;
}();

// A template, since the filter looks at every byte that is sealed. The view given to `token` lives
// during the call.
template <class Token>
void each_token(std::string_view line, Token&& token) {
  std::array<char, kMaxToken> buffer;
  std::size_t used = 0;
  const auto end_token = [&] {
    if (used >= kMinToken) token(std::string_view(buffer.data(), used));
    used = 0;
  };
  for (const char c : line) {
    const char lower = kTokenBytes[static_cast<std::uint8_t>(c)];
    if (lower == 0) {
      end_token();
      continue;
    }
    if (used == kMaxToken) end_token();
    buffer[used++] = lower;
  }
  end_token();
}

}  // namespace logboom::store
