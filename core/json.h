// Writing JSON into one buffer, for bytes that may be anything.
#pragma once

#include <string>
#include <string_view>

namespace logboom {

// Quoted and escaped. Bytes that are not UTF-8 become U+FFFD, control characters \u00XX.
void append_json_string(std::string& out, std::string_view text);

// "name": with the comma before it that the place needs: none after { or [.
void append_json_name(std::string& out, std::string_view name);
// A comma unless the last character opened an object or array.
void append_json_comma(std::string& out);

}  // namespace logboom
