// Bytes as text: RFC 4648, the standard alphabet, padded.
#pragma once

#include <string>
#include <string_view>

namespace logboom {

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace logboom
