// Whether bytes are UTF-8: what protobuf and JSON call a string; anything else travels as bytes.
#pragma once

#include <string_view>

namespace logboom {

[[nodiscard]] bool valid_utf8(std::string_view text);

}  // namespace logboom
