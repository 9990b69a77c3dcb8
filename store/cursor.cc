// A cursor's text: "1", then per partition "_PARTITION.OFFSET.INDEX" in decimal; it needs no
// escaping in a URL.
#include <charconv>

#include "store/store.h"

namespace logboom::store {
namespace {

constexpr char kFormat = '1';
constexpr std::size_t kMaxText = 64 << 10;  // about a thousand partitions

std::unexpected<Error> wrong() {
  return fail(Errc::invalid, "cursor: it was not made by this server; leave it out to begin anew");
}

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string Cursor::text() const {
  std::string out(1, kFormat);
  for (const auto& [partition, place] : next) {
    out.append("_").append(std::to_string(partition));
    out.append(".").append(std::to_string(place.offset));
    out.append(".").append(std::to_string(place.index));
  }
  return out;
}

Result<Cursor> Cursor::parse(std::string_view text) {
  if (text.size() > kMaxText || !take(text, kFormat)) return wrong();
  Cursor cursor;
  while (!text.empty()) {
    std::uint32_t partition = 0;
    Next place;
    const bool read = take(text, '_') && take_number(text, partition) && take(text, '.') &&
                      take_number(text, place.offset) && take(text, '.') &&
                      take_number(text, place.index);
    if (!read || !cursor.next.emplace(partition, place).second) return wrong();
  }
  return cursor;
}

}  // namespace logboom::store
