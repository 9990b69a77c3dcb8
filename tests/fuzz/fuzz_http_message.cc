// What a request carries: queries, percent-encoding, compressed bodies.
#include <string>

#include "core/http/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using logboom::fuzz::hold;
  namespace http = logboom::http;
  constexpr std::size_t kLimit = 1 << 20;
  const auto text = logboom::fuzz::text_of(data, size);

  std::size_t bytes = 0;
  for (const auto& [name, value] : http::parse_query(text)) bytes += name.size() + value.size();
  hold(bytes <= text.size(), "a parsed query is no longer than the query");
  hold(http::percent_decode(text, true).size() <= text.size(), "decoding never grows");
  hold(http::percent_decode(http::percent_encode(text), false) == text, "encoding round-trips");

  for (const auto& inflated : {http::inflate(text, kLimit), http::inflate_raw(text, kLimit)}) {
    if (!inflated) continue;
    hold(inflated->size() <= kLimit, "inflating keeps to its limit");
    const auto again = http::inflate(http::gzip(*inflated), kLimit);
    hold(again && *again == *inflated, "gzip round-trips");
  }
  return 0;
}
