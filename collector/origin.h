// Whose lines a file holds, and under which names they are stored.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/labels.h"

namespace logboom::collector {

enum class Format : std::uint8_t {
  container,  // CRI or Docker json-file records; streams 0 and 1 are stdout and stderr
  plain,      // one line is one record; stream 0
};

struct Origin {
  std::string tool;
  std::vector<Labels> streams;
  std::vector<std::pair<std::string, std::string>> columns;
  Format format = Format::plain;
};

}  // namespace logboom::collector
