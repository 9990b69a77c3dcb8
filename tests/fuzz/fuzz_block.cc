// Stored values: whatever lies on the disk decodes or is an error. The first byte chooses what it
// is; the checksum is put behind the bytes, so that damage is not all that is ever tried.
#include <xxhash.h>

#include <string>

#include "store/block.h"
#include "store/bytes.h"
#include "store/filter.h"
#include "store/keys.h"
#include "store/positions.h"
#include "store/store.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace logboom::store;
using logboom::fuzz::hold;

void try_block(std::string_view value) {
  (void)decode_head(value).has_value();
  const auto lines = decode(std::string(value));
  if (!lines) return;
  for (const auto& row : lines->rows) {
    hold(row.stream < lines->streams.size(), "a row's stream is one of the block");
    if (!lines->sets.empty()) {
      hold(row.set < lines->sets.size(), "a row's metadata is one of the block");
      (void)attributes_of(lines->sets[row.set]);
    }
  }
}

void try_filter(std::string_view value) {
  if (const auto filter = Filter::open(value)) (void)filter->maybe(needs_of("a word"));
}

void try_position(std::string_view value) {
  const auto position = decode_position(value);
  if (!position) return;
  const auto again = decode_position(encode_position(*position));
  hold(again && *again == *position, "a position round-trips");
}

void try_keys(std::string_view value) {
  (void)parse_inbox_key(value).has_value();
  (void)parse_directory_key(value).has_value();
  (void)parse_partition_key(value).has_value();
  (void)parse_family_day(value).has_value();
  if (const auto cursor = Cursor::parse(value)) {
    const auto again = Cursor::parse(cursor->text());
    hold(again && again->next == cursor->next, "a cursor round-trips");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = logboom::fuzz::text_of(data + 1, size - 1);
  std::string checked(bytes);
  put_u64(checked, XXH64(checked.data(), checked.size(), 0));
  for (const std::string_view value : {bytes, std::string_view(checked)}) {
    switch (data[0] % 5) {
      case 0:
        try_block(value);
        break;
      case 1:
        (void)decode_entry(value).has_value();
        break;
      case 2:
        try_filter(value);
        break;
      case 3:
        try_position(value);
        break;
      default:
        try_keys(value);
        break;
    }
  }
  return 0;
}
