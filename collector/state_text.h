// What the collector's small files have in common: words without spaces, a last line
// "end <xxHash64 of all before, hex>", and being replaced as a whole.
//
// Errors:  io; corrupt.
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::collector {

// Words are split by spaces and lines by newlines, so those and '%' are written as %xx; an empty
// word as "-", a word "-" as "%2d".
[[nodiscard]] std::string escape_word(std::string_view word);
[[nodiscard]] std::string unescape_word(std::string_view word);

[[nodiscard]] std::string with_checksum(std::string text);
// What stands before the last line; ends with a newline. Errors: corrupt: torn or changed.
[[nodiscard]] Result<std::string_view> check_checksum(std::string_view text);

// Errors: not_found; corrupt: over `most` bytes; io.
[[nodiscard]] Result<std::string> read_whole(const std::string& path, std::size_t most);
// The file holds `text` when it returns, also after a power cut; on failure what it held before.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace logboom::collector
