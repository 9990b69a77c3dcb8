#include "core/result.h"

#include <cstring>

namespace logboom {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::not_found:
      return "not found";
    case Errc::conflict:
      return "conflict";
    case Errc::too_large:
      return "too large";
    case Errc::limit:
      return "limit";
    case Errc::busy:
      return "busy";
    case Errc::full:
      return "full";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timeout:
      return "timeout";
    case Errc::cancelled:
      return "cancelled";
    case Errc::denied:
      return "denied";
    case Errc::corrupt:
      return "corrupt";
    case Errc::io:
      return "io";
    case Errc::internal:
      return "internal";
  }
  return "unknown";
}

Error system_error(std::string_view doing, int error_number) {
  Errc code = Errc::io;
  if (error_number == ENOENT) code = Errc::not_found;
  if (error_number == EACCES || error_number == EPERM) code = Errc::denied;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Errc::full;
  char buffer[128];
  // GNU's strerror_r: returns the text, which may or may not be in the buffer.
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  return Error{code, std::string(doing) + ": " + text};
}

}  // namespace logboom
