// The machine's name; "" where it does not tell.
#pragma once

#include <limits.h>
#include <unistd.h>

#include <array>
#include <string>

namespace logboom::collector {

inline std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size()) == 0 ? name.data() : "";
}

}  // namespace logboom::collector
